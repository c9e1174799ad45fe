import { describe, expect, it } from "vitest";
import { dayOf } from "./day";

const hour = (good: number, bad = 0, other = 0) => ({ bad, begins_at: 0, good, other });

describe("the bars of a day", () => {
  it("share one scale, up and down", () => {
    const day = dayOf([hour(6, 2), hour(0), hour(3, 0, 1)]);
    expect(day.line).toBe(0.75);
    expect(day.bars.map(({ good, other, bad }) => [good, other, bad])).toEqual([[0.75, 0, 0.25], [0, 0, 0], [0.375, 0.125, 0]]);
    expect([day.good, day.bad, day.other]).toEqual([9, 2, 1]);
  });

  it("show a single build among many", () => {
    expect(dayOf([hour(1_000), hour(1)]).bars[1]?.good).toBe(0.04);
  });

  it("of nothing are none", () => {
    expect(dayOf([hour(0)])).toMatchObject({ line: 1, good: 0, bars: [{ good: 0, bad: 0, other: 0 }] });
  });
});
