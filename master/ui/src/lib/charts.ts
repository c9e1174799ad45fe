/** What charts show, out of builds. Instants and durations are in seconds. */

/** What is needed of a build. */
export interface Timed {
  readonly number: number;
  readonly started_at: number;
  readonly complete_at: number | null;
  readonly results: number | null;
}

export interface Durations {
  readonly numbers: readonly number[];
  /** How long those took that were good, and those that were not; null in the place of the others. */
  readonly good: readonly (number | null)[];
  readonly bad: readonly (number | null)[];
  readonly median: number;
  readonly longest: number;
}

const isGood = (results: number | null): boolean => results === 0 || results === 1;
const isRated = (results: number | null): boolean => isGood(results) || results === 2 || results === 4;

/** Instants are whole seconds: a build that took none took less than one, and has a bar all the same. */
const NEXT_TO_NOTHING = 0.4;

/** How long builds took, the oldest first; those that were cancelled or skipped say nothing about that. */
export function durationsOf(builds: readonly Timed[]): Durations {
  const rated = builds.filter((build) => build.complete_at !== null && isRated(build.results)).sort((a, b) => a.number - b.number);
  const took = rated.map((build) => Math.max(NEXT_TO_NOTHING, (build.complete_at ?? 0) - build.started_at));
  const those = (wanted: boolean) => took.map((seconds, index) => (isGood(rated[index]?.results ?? null) === wanted ? seconds : null));
  const sorted = [...took].sort((a, b) => a - b);
  return {
    numbers: rated.map((build) => build.number),
    good: those(true),
    bad: those(false),
    median: sorted[Math.floor((sorted.length - 1) / 2)] ?? 0,
    longest: sorted[sorted.length - 1] ?? 0,
  };
}

export interface Shares {
  /** When each of the equal parts of the span begins. */
  readonly starts: readonly number[];
  /** In percent; null for a part of which nothing is known. */
  readonly percents: readonly (number | null)[];
  /** How long the span is. */
  readonly span: number;
}

const HOUR = 3_600;
const SPANS = [HOUR, 6 * HOUR, 86_400, 7 * 86_400, 28 * 86_400];

/**
 * How much of the time at least one of the builds ran, until now.
 * @param isWhole there are no older builds; else what was before the oldest one is not known, and not shown
 */
export function utilisation(builds: readonly Timed[], now: number, isWhole: boolean, parts = 24): Shares & { readonly percent: number } {
  const oldest = Math.min(now, ...builds.map((build) => build.started_at));
  const most = SPANS[SPANS.length - 1] ?? 0;
  const span = isWhole ? (SPANS.find((one) => one >= now - oldest) ?? most) : Math.max(1, Math.min(most, now - oldest));
  const size = span / parts;
  const begin = now - span;
  const busy = Array<number>(parts).fill(0);
  let total = 0;
  for (const [from, to] of union(builds.map((build) => [Math.max(begin, build.started_at), build.complete_at ?? now]))) {
    total += to - from;
    for (let part = Math.max(0, Math.floor((from - begin) / size)); part < parts && begin + part * size < to; part++)
      busy[part] = (busy[part] ?? 0) + Math.min(to, begin + (part + 1) * size) - Math.max(from, begin + part * size);
  }
  return {
    starts: busy.map((_, part) => begin + part * size),
    percents: busy.map((seconds) => (100 * seconds) / size),
    span,
    percent: span ? (100 * total) / span : 0,
  };
}

/** The same time as spans that do not touch each other, in their order. */
function union(spans: readonly (readonly [number, number])[]): [number, number][] {
  const found: [number, number][] = [];
  for (const [from, to] of [...spans].sort(([a], [b]) => a - b)) {
    const last = found[found.length - 1];
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else if (to > from) found.push([from, to]);
  }
  return found;
}

/** How many of the builds were good, from the oldest of them until now, and in the last hour at least. */
export function trend(builds: readonly Timed[], now: number, parts = 20): Shares & { readonly good: number; readonly rated: number } {
  const rated = builds.filter((build) => build.complete_at !== null && isRated(build.results));
  const begin = Math.min(now - HOUR, ...rated.map((build) => build.complete_at ?? now));
  const span = now - begin;
  const counts = [...Array(parts).keys()].map(() => ({ good: 0, rated: 0 }));
  for (const build of rated) {
    const part = counts[Math.min(parts - 1, Math.floor((((build.complete_at ?? now) - begin) / span) * parts))];
    if (!part) continue;
    part.rated += 1;
    part.good += isGood(build.results) ? 1 : 0;
  }
  return {
    starts: counts.map((_, part) => begin + (part * span) / parts),
    percents: counts.map(({ good, rated: all }) => (all ? (100 * good) / all : null)),
    span,
    good: rated.filter((build) => isGood(build.results)).length,
    rated: rated.length,
  };
}
