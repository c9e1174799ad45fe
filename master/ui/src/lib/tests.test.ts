import { describe, expect, it } from "vitest";
import type { TestLine } from "../api/schema";
import { formatNanoseconds, hasFailed, matching } from "./tests";

const line = (name: string, path: string | null = null): TestLine => ({
  name, path, duration_ns: null, failing: 0, flaky: false, line: null, message: null, outcomes: "", since_number: null,
});

describe("matching", () => {
  const tests = [line("net.Socket.opens", "tests/net.py"), line("net.Socket.closes"), line("gui.opens")];

  it("wants every word, in any order and case", () => {
    expect(matching(tests, "OPENS net").map(({ name }) => name)).toEqual(["net.Socket.opens"]);
    expect(matching(tests, "net.py")).toHaveLength(1);
    expect(matching(tests, "  ")).toBe(tests);
  });
});

describe("results", () => {
  it("says how long a test took", () => {
    expect([100_000, 3_400_000, 2_340_000_000, 125_000_000_000].map(formatNanoseconds)).toEqual(["< 1 ms", "3 ms", "2.3 s", "2 min 5 s"]);
  });

  it("reads values as the master does", () => {
    expect(["0", "1", "-1", "+0", "x", ""].map((value) => hasFailed("pass_fail", value))).toEqual([true, false, false, true, true, true]);
    expect([hasFailed("fail_only", "text"), hasFailed("pass_only", "text"), hasFailed("binary_size", "12")]).toEqual([true, false, undefined]);
  });
});
