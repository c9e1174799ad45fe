/** How many builds of a builder ended alike. */

import type { BuilderPage } from "../api/schema";

export interface Streak {
  readonly isGood: boolean;
  readonly times: number;
  /** It may be longer: there are older builds, which nobody has looked at. */
  readonly isAtLeast: boolean;
}

/** So many of the newest builds the master looks at. */
const LOOKED_AT = 20;

type Told = Pick<BuilderPage, "bad_in_a_row" | "good_in_a_row" | "rated_builds" | "builds" | "builds_next">;

/** How often in a row a builder was good, or bad; null for what is no row. */
export function streakOf({ bad_in_a_row: bad, good_in_a_row: good, rated_builds: rated, builds, builds_next: next }: Told): Streak | null {
  const times = (good ?? 0) + (bad ?? 0);
  if (times < 2) return null;
  return { isGood: !!good, times, isAtLeast: times === rated && (next !== null || (builds?.length ?? 0) > LOOKED_AT) };
}
