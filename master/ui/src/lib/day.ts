/** The builds of a day as bars: those that were good stand up from a line, those that were bad hang down from it. */

import type { HourOfBuilds } from "../api/schema";

export interface Bar {
  readonly hour: HourOfBuilds;
  /** Heights, of the whole height. */
  readonly good: number;
  readonly other: number;
  readonly bad: number;
}

export interface Day {
  readonly bars: readonly Bar[];
  /** Where the line is, from the top, of the whole height. */
  readonly line: number;
  readonly good: number;
  readonly bad: number;
  readonly other: number;
}

/** A bar of one build can be seen among bars of many. */
const LEAST = 0.04;

/** @param hours the oldest first */
export function dayOf(hours: readonly HourOfBuilds[]): Day {
  const up = Math.max(0, ...hours.map((hour) => hour.good + hour.other));
  const down = Math.max(0, ...hours.map((hour) => hour.bad));
  const whole = up + down;
  const height = (n: number): number => (n && whole ? Math.max(LEAST, n / whole) : 0);
  const sum = (of: (hour: HourOfBuilds) => number): number => hours.reduce((total, hour) => total + of(hour), 0);
  return {
    bars: hours.map((hour) => ({ hour, good: height(hour.good), other: height(hour.other), bad: height(hour.bad) })),
    line: whole ? up / whole : 1,
    good: sum((hour) => hour.good),
    bad: sum((hour) => hour.bad),
    other: sum((hour) => hour.other),
  };
}
