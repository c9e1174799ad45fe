/** How far a build is, by what its builder's good builds took. Instants and durations are in seconds. */

export interface Progress {
  /** Of the expected time, at most 1. */
  readonly share: number;
  /** Until it should end; negative when it should have ended. */
  readonly left: number;
}

/** @param typical how long it is expected to take; null where nothing is known */
export function progressOf(startedAt: number, typical: number | null, now: number): Progress | null {
  if (!typical) return null; // builds that take no time have no progress either
  const passed = Math.max(0, now - startedAt);
  return { share: Math.min(1, passed / typical), left: typical - passed };
}

const STEPS: readonly [below: number, step: number][] = [[60, 10], [3_600, 60], [86_400, 900]];

/** As exact as a guess can be, and never less than it was: a time that is left. */
export function roughly(seconds: number): number {
  const [, step] = STEPS.find(([below]) => seconds <= below) ?? [0, 3_600];
  return Math.max(step, Math.ceil(seconds / step) * step);
}
