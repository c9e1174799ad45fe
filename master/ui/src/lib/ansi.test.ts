import { describe, expect, it } from "vitest";
import { PLAIN, parseAnsi, plainText } from "./ansi";

const ESC = "\x1b";
const segments = (line: string) => parseAnsi(line, PLAIN).segments;

describe("colours", () => {
  it("split a line where they change", () => {
    expect(segments(`a${ESC}[31mb${ESC}[0mc`)).toEqual([
      { text: "a", className: "" },
      { text: "b", className: "fg-red" },
      { text: "c", className: "" },
    ]);
  });

  it("go on in the next line until they are reset", () => {
    const first = parseAnsi(`${ESC}[1;32mgood`, PLAIN);
    expect(parseAnsi(`still ${ESC}[mplain`, first.style).segments).toEqual([
      { text: "still ", className: "fg-green ansi-bold" },
      { text: "plain", className: "" },
    ]);
  });

  it("of 256 and of 16 million become the nearest that can be read", () => {
    expect(segments(`${ESC}[38;5;196mx`)[0]?.className).toBe("fg-red");
    expect(segments(`${ESC}[38;2;10;200;20mx`)[0]?.className).toBe("fg-green");
    expect(segments(`${ESC}[48;5;21;1mx`)[0]?.className).toBe("bg-blue ansi-bold");
  });
});

describe("everything else a terminal obeys", () => {
  it.each([
    ["a link", `${ESC}]8;;javascript:alert(1)\x07x${ESC}]8;;\x07`],
    ["a link with the other end", `${ESC}]8;;http://a${ESC}\\x${ESC}]8;;${ESC}\\`],
    ["a title", `${ESC}]0;title\x07x`],
    ["the clipboard", `${ESC}]52;c;aGk=\x07x`],
    ["movements", `${ESC}[2J${ESC}[10;10Hx${ESC}[K`],
    ["a device control string", `${ESC}Pq#0${ESC}\\x`],
    ["8-bit introducers", `\x9b31m\x9d0;t\x9cx\x9b0m`],
    ["control characters", "\x00\x01x\x7f\x85"],
  ])("is dropped: %s", (_name, line) => {
    expect(plainText(line)).toBe("x");
    expect(segments(line).map((one) => one.text).join("")).toBe("x");
  });

  it("leaves tabs and text of any script", () => {
    expect(plainText("\tä漢🙂")).toBe("\tä漢🙂");
  });
});

it("a progress bar shows what it wrote last", () => {
  expect(plainText("10%\r50%\r100%\r")).toBe("100%");
});

it("markup is text", () => {
  expect(segments("<img src=x onerror=alert(1)>")).toEqual([{ text: "<img src=x onerror=alert(1)>", className: "" }]);
});
