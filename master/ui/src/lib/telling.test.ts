import { describe, expect, it } from "vitest";
import { splitLines } from "./lines";
import { SURE, excerptAround, tellingLine, weightOf } from "./telling";

const told = (log: string): string | undefined => {
  const lines = splitLines(log, true);
  return lines[tellingLine(lines).at]?.text;
};

describe("the line that matters", () => {
  it.each([
    ["a compiler", "hcc -c a.c\nogcc a.c\nea.c:3:5: error: expected ';' before 'return'\nea.c:4: error: next\nemake: *** [a.o] Error 1\n", "a.c:3:5: error: expected ';' before 'return'"],
    ["Python", "oTraceback (most recent call last):\no  File \"a.py\", line 1\noKeyError: 'name'\noFAILED (errors=1)\n", "KeyError: 'name'"],
    ["pytest", "o____ test_a ____\no    assert f() == 2\noE       assert 1 == 2\noFAILED a.py::test_a - assert 1 == 2\no=== 1 failed in 0.1s ===\n", "E       assert 1 == 2"],
    ["a linker", "eld: a.o: undefined reference to `f'\necollect2: error: ld returned 1 exit status\n", "ld: a.o: undefined reference to `f'"],
    ["TypeScript", "osrc/a.ts(1,2): error TS2322: Type 'a' is not assignable\nonpm ERR! code ELIFECYCLE\n", "src/a.ts(1,2): error TS2322: Type 'a' is not assignable"],
    ["a shell", "hsh\nesh: 1: frobnicate: command not found\n", "sh: 1: frobnicate: command not found"],
    ["dash", "esh: 1: frobnicate: not found\nhprogram finished with exit code 127\n", "sh: 1: frobnicate: not found"],
    ["Go", "o=== RUN TestA\no--- FAIL: TestA (0.00s)\noFAIL\n", "--- FAIL: TestA (0.00s)"],
    ["TAP", "o1..3\nonot ok 1 - later # TODO not yet\nonot ok 2 - reads\n", "not ok 2 - reads"],
    ["eslint", "o/src/a.js\no  3:7  error  'x' is never used  no-unused-vars\no✖ 1 problem (1 error, 0 warnings)\n", "  3:7  error  'x' is never used  no-unused-vars"],
    ["ruff", "oa.py:1:8: F401 `os` imported but unused\noFound 1 error.\n", "a.py:1:8: F401 `os` imported but unused"],
    ["Java", "oException in thread \"main\" java.lang.RuntimeException: x\no\tat A.main(A.java:3)\noCaused by: java.io.IOException: gone\n", "Caused by: java.io.IOException: gone"],
    ["Maven", "o[INFO] Tests run: 2, Failures: 0, Errors: 0\no[ERROR] AppTest.reads:12 expected: <1> but was: <2>\n", "[ERROR] AppTest.reads:12 expected: <1> but was: <2>"],
    ["make", "emake: *** No rule to make target 'a.h', needed by 'a.o'.  Stop.\n", "make: *** No rule to make target 'a.h', needed by 'a.o'.  Stop."],
    ["patch", "opatching file a.c\noHunk #1 FAILED at 3.\no1 out of 1 hunk FAILED -- saving rejects to file a.c.rej\n", "1 out of 1 hunk FAILED -- saving rejects to file a.c.rej"],
    ["git", "efatal: reference is not a tree: 0badc0de\n", "fatal: reference is not a tree: 0badc0de"],
    ["a full disk", "otar: a: Cannot write: No space left on device\notar: Exiting with failure status due to previous errors\n", "tar: a: Cannot write: No space left on device"],
    ["a network", "ecurl: (7) Failed to connect to 10.0.0.1 port 80: Connection refused\nefatal: gave up\n", "curl: (7) Failed to connect to 10.0.0.1 port 80: Connection refused"],
    ["a time limit", "oTestA: error: slow\nhcommand timed out: 5 seconds elapsed running b'make', attempting to kill\nhprocess killed by signal 9\n", "command timed out: 5 seconds elapsed running b'make', attempting to kill"],
    ["a crash", "otesting\nhprocess killed by signal 11\n", "process killed by signal 11"],
    ["a machine without memory", "olinking\nhprogram finished with exit code 137\n", "program finished with exit code 137"],
    ["coloured output", "o\x1b[31mok\x1b[0m\no\x1b[1;31merror\x1b[0m: no such crate\n", "\x1b[1;31merror\x1b[0m: no such crate"],
    ["warnings alone", "oa.c:9:2: warning: unused variable i\nodone\n", "a.c:9:2: warning: unused variable i"],
  ])("of %s", (_who, log, line) => {
    expect(told(log)).toBe(line);
  });

  it("is not one that counts no errors", () => {
    expect(told("othe disk is on fire\no0 errors, no failure, 0 failed\nocleaning up\n")).toBe("cleaning up");
    expect(told("o0 errors\noerror: real\n")).toBe("error: real");
  });

  it("is not one that only warns, where one is sure", () => {
    expect(told("owarning: a.h: No such file or directory\noerror: real\n")).toBe("error: real");
  });

  it("is not the command that a shell shows", () => {
    expect(told("e+ grep -c error: log\noa failure of the second kind\n")).toBe("a failure of the second kind");
    expect(weightOf({ stream: "e", text: "+ grep -c error: log" })).toBeLessThan(SURE);
  });

  it("is never what the worker says before a command", () => {
    expect(told("hrun error: x\noout\n")).toBe("out");
  });

  it("is the last output where nothing says anything, or the end of the command where there is none", () => {
    expect(told("oone\notwo\no\nhprogram finished with exit code 3\n")).toBe("two");
    expect(told("hsh -c false\nhprogram finished with exit code 1\n")).toBe("program finished with exit code 1");
  });

  it("is missing where there is no output", () => {
    expect(tellingLine(splitLines("honly a header\n", true)).at).toBe(-1);
  });

  it("is the first one of a list of what is wrong, and the last one of a trace", () => {
    const lines = splitLines("one\ntwo\n", false);
    expect(tellingLine(lines, { base: SURE, last: 0 })).toEqual({ at: 0, weight: SURE });
    expect(tellingLine(lines, { base: 0, last: SURE })).toEqual({ at: 1, weight: SURE });
  });
});

it("an excerpt stays within the log", () => {
  expect(excerptAround(1, 5)).toEqual([0, 5]);
  expect(excerptAround(50, 100)).toEqual([46, 59]);
});
