import { describe, expect, it } from "vitest";
import { splitLines } from "./lines";
import { excerptAround, tellingLine } from "./telling";

const told = (log: string): string | undefined => {
  const lines = splitLines(log, true);
  return lines[tellingLine(lines)]?.text;
};

describe("the line that matters", () => {
  it.each([
    ["a compiler", "hcc -c a.c\nogcc a.c\nea.c:3:5: error: expected ';' before 'return'\nea.c:4: error: next\nemake: *** [a.o] Error 1\n", "a.c:3:5: error: expected ';' before 'return'"],
    ["Python", "oTraceback (most recent call last):\no  File \"a.py\", line 1\noKeyError: 'name'\noFAILED (errors=1)\n", "KeyError: 'name'"],
    ["pytest", "o____ test_a ____\no    assert f() == 2\noE       assert 1 == 2\noFAILED a.py::test_a - assert 1 == 2\no=== 1 failed in 0.1s ===\n", "E       assert 1 == 2"],
    ["a linker", "eld: a.o: undefined reference to `f'\necollect2: error: ld returned 1 exit status\n", "ld: a.o: undefined reference to `f'"],
    ["TypeScript", "osrc/a.ts(1,2): error TS2322: Type 'a' is not assignable\nonpm ERR! code ELIFECYCLE\n", "src/a.ts(1,2): error TS2322: Type 'a' is not assignable"],
    ["a shell", "hsh\nesh: 1: frobnicate: command not found\n", "sh: 1: frobnicate: command not found"],
    ["Go", "o=== RUN TestA\no--- FAIL: TestA (0.00s)\noFAIL\n", "--- FAIL: TestA (0.00s)"],
    ["coloured output", "o\x1b[31mok\x1b[0m\no\x1b[1;31merror\x1b[0m: no such crate\n", "\x1b[1;31merror\x1b[0m: no such crate"],
  ])("of %s", (_who, log, line) => {
    expect(told(log)).toBe(line);
  });

  it("is not one that counts no errors", () => {
    expect(told("othe disk is on fire\no0 errors, no failure, 0 failed\nocleaning up\n")).toBe("cleaning up");
    expect(told("o0 errors\noerror: real\n")).toBe("error: real");
  });

  it("is never a header", () => {
    expect(told("hrun error: x\noout\n")).toBe("out");
  });

  it("is the last output where nothing says anything", () => {
    expect(told("oone\notwo\no\nhprogram finished with exit code 3\n")).toBe("two");
  });

  it("is missing where there is no output", () => {
    expect(tellingLine(splitLines("honly a header\n", true))).toBe(-1);
  });
});

it("an excerpt stays within the log", () => {
  expect(excerptAround(1, 5)).toEqual([0, 5]);
  expect(excerptAround(50, 100)).toEqual([46, 59]);
});
