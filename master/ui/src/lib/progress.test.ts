import { describe, expect, it } from "vitest";
import { progressOf, roughly } from "./progress";

describe("the progress of a build", () => {
  it("is the part of the expected time that has passed", () => {
    expect(progressOf(100, 60, 115)).toEqual({ share: 0.25, left: 45 });
  });

  it("ends at the whole, however long the build takes", () => {
    expect(progressOf(100, 60, 190)).toEqual({ share: 1, left: -30 });
  });

  it("does not begin before the build, whose clock is the master's", () => {
    expect(progressOf(100, 60, 90)).toEqual({ share: 0, left: 60 });
  });

  it("is not known without builds that were good, or with such that took no time", () => {
    expect(progressOf(100, null, 110)).toBeNull();
    expect(progressOf(100, 0, 110)).toBeNull();
  });
});

describe("a time that is left", () => {
  it.each([[1, 10], [11, 20], [60, 60], [61, 120], [185, 240], [3_600, 3_600], [3_700, 4_500], [90_000, 90_000]])("%d s is told as %d s", (seconds, told) => {
    expect(roughly(seconds)).toBe(told);
  });
});
