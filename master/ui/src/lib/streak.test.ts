import { describe, expect, it } from "vitest";
import type { Build } from "../api/schema";
import { streakOf } from "./streak";

const builds = (ended: number): Build[] => [...Array<unknown>(ended + 1).keys()].map((number) => ({ number, complete: number > 0 }) as Build);
const told = { bad_in_a_row: 0, good_in_a_row: 0, rated_builds: 10, builds: builds(10), builds_next: null };

describe("the present streak", () => {
  it("tells how often in a row it was good, or bad", () => {
    expect(streakOf({ ...told, good_in_a_row: 4 })).toEqual({ isGood: true, times: 4, isAtLeast: false });
    expect(streakOf({ ...told, bad_in_a_row: 3 })).toEqual({ isGood: false, times: 3, isAtLeast: false });
  });

  it("is none of one build, or of those that may not be seen", () => {
    expect(streakOf({ ...told, bad_in_a_row: 1 })).toBeNull();
    expect(streakOf({ bad_in_a_row: null, good_in_a_row: null, rated_builds: null, builds: null, builds_next: null })).toBeNull();
  });

  it("may be longer when all that were looked at ended alike, and there are others", () => {
    expect(streakOf({ ...told, good_in_a_row: 10 })?.isAtLeast).toBe(false);
    expect(streakOf({ ...told, good_in_a_row: 10, builds_next: "x" })?.isAtLeast).toBe(true);
    expect(streakOf({ ...told, good_in_a_row: 10, builds: builds(12) })?.isAtLeast).toBe(false); // two were cancelled
    expect(streakOf({ ...told, good_in_a_row: 10, builds: builds(20) })?.isAtLeast).toBe(true);
  });
});
