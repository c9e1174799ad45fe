import { expect, test } from "vitest";
import type { EnvironmentValue } from "../api/schema";
import { factsOf, formatBytes, textOfValue } from "./environment";

const value = (section: string, name: string, text: string): EnvironmentValue => ({ section, name, value: text, secret: false });

test("facts stand by what they are about, in one order", () => {
  const facts = factsOf([
    value("worker", "capabilities", "bytes durable"), value("worker", "cpus", "4"), value("worker", "info.rack", "7"),
    value("worker", "os", "Debian"), value("worker", "python", "3.11"), value("environ", "PATH", "/bin"),
  ]);

  expect(facts.machine.map(({ name }) => name)).toEqual(["os", "cpus"]);
  expect(facts.program.map(({ name }) => name)).toEqual(["python"]);
  expect(facts.own.map(({ name }) => name)).toEqual(["info.rack"]);
  expect(facts.capabilities).toEqual(["bytes", "durable"]);
});

test("a worker that has told nothing has no facts", () => {
  expect(factsOf([])).toEqual({ machine: [], program: [], own: [], capabilities: [] });
});

test.each([
  [0, "0 B"],
  [1023, "1023 B"],
  [1536, "1.5 KiB"],
  [16 * 1024 ** 3, "16 GiB"],
  [500 * 1024 ** 3, "500 GiB"],
])("%d bytes are %s", (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test("only sizes are written otherwise than they were told", () => {
  expect(textOfValue("memory_bytes", "1024")).toBe("1 KiB");
  expect(textOfValue("memory_bytes", "a lot")).toBe("a lot");
  expect(textOfValue("cpus", "1024")).toBe("1024");
});
