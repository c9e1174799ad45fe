/**
 * Where builds stand in the waterfall: one axis of time for all builders, the newest on top.
 *
 * The axis is stretched where builds are too short to be seen, and folded where nothing happens for long, so that no two
 * builds of a builder overlap unless they really ran at the same time: those stand beside each other. Instants and spans are
 * in seconds, places in pixels from the top.
 */

export interface Timed {
  readonly buildid: number;
  readonly builderid: number;
  readonly started_at: number;
  readonly complete_at: number | null;
}

export interface Block<B extends Timed = Timed> {
  readonly build: B;
  readonly top: number;
  readonly height: number;
  /** Builds that ran at the same time share the width: this is the one of so many `lanes`, from 0. */
  readonly lane: number;
  readonly lanes: number;
}

/** A time without builds that takes less room than its length. */
export interface Fold {
  readonly top: number;
  readonly height: number;
  readonly begin: number;
  readonly end: number;
}

export interface Tick {
  readonly top: number;
  readonly at: number;
}

export interface Layout<B extends Timed = Timed> {
  readonly height: number;
  /** Of each builder that has any, from the top. */
  readonly columns: ReadonlyMap<number, readonly Block<B>[]>;
  readonly folds: readonly Fold[];
  readonly ticks: readonly Tick[];
  /** Midnights between builds: above them is another day, which begins at `at`. */
  readonly days: readonly Tick[];
}

export interface Shape {
  /** The present: where builds that run end. */
  readonly now: number;
  readonly pxPerSecond: number;
  /** Longer times without builds are folded. */
  readonly idleSeconds: number;
  /** Height of the smallest block. */
  readonly least: number;
}

const FOLD_PX = 34;
/** Between labels on the axis. */
const TICK_PX = 64;
const CLOSE_PX = 22;
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS = [10, 30, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY];

interface Edge<B> {
  readonly at: number;
  /** Of edges at the same time: what ends makes room first, and what takes no time is between. */
  readonly rank: number;
  readonly build: B;
  readonly isStart: boolean;
}

interface Point {
  readonly at: number;
  /** From the bottom. */
  readonly y: number;
}

export function layoutOf<B extends Timed>(builds: readonly B[], shape: Shape): Layout<B> {
  const points: Point[] = [];
  const folded: { from: Point; to: Point }[] = [];
  const starts = new Map<number, number>();
  const spans = new Map<number, { build: B; from: number; to: number }[]>();
  let y = 0;
  let last: number | null = null;
  let open = 0;
  for (const { at, build, isStart } of edgesOf(builds, shape.now)) {
    const idle = last === null ? 0 : at - last;
    if (last !== null && open === 0 && idle > shape.idleSeconds && idle * shape.pxPerSecond > FOLD_PX) {
      folded.push({ from: { at: last, y }, to: { at, y: y + FOLD_PX } });
      y += FOLD_PX;
    } else y += idle * shape.pxPerSecond;
    last = at;
    if (isStart) {
      open += 1;
      starts.set(build.buildid, y);
    } else {
      open -= 1;
      const from = starts.get(build.buildid) ?? y;
      y = Math.max(y, from + shape.least);
      const column = spans.get(build.builderid);
      if (column) column.push({ build, from, to: y });
      else spans.set(build.builderid, [{ build, from, to: y }]);
    }
    points.push({ at, y });
  }
  const height = y;
  const fold = ({ from, to }: { from: Point; to: Point }): Fold => ({ top: height - to.y, height: to.y - from.y, begin: from.at, end: to.at });
  const folds = folded.map(fold).reverse();
  return {
    height,
    columns: new Map([...spans].map(([builder, of]) => [builder, blocksOf(of, height)])),
    folds,
    ticks: ticksOf(points, folded, height, shape.pxPerSecond),
    days: daysOf(points, folded, height),
  };
}

function edgesOf<B extends Timed>(builds: readonly B[], now: number): Edge<B>[] {
  const edges = builds.flatMap((build): Edge<B>[] => {
    const end = Math.max(build.started_at, build.complete_at ?? now);
    const isNothing = end === build.started_at;
    return [
      { at: build.started_at, rank: isNothing ? 1 : 3, build, isStart: true },
      { at: end, rank: isNothing ? 2 : 0, build, isStart: false },
    ];
  });
  return edges.sort((a, b) => a.at - b.at || a.rank - b.rank || a.build.buildid - b.build.buildid);
}

/** Blocks of one builder: those that overlap stand beside each other. */
function blocksOf<B extends Timed>(spans: { build: B; from: number; to: number }[], height: number): Block<B>[] {
  const found: Block<B>[] = [];
  let together: { build: B; from: number; to: number; lane: number }[] = [];
  let ends: number[] = [];
  const close = (): void => {
    for (const { build, from, to, lane } of together) found.push({ build, top: height - to, height: to - from, lane, lanes: ends.length });
    together = [];
    ends = [];
  };
  for (const span of spans.sort((a, b) => a.from - b.from || a.build.buildid - b.build.buildid)) {
    if (ends.every((end) => end <= span.from)) close();
    const free = ends.findIndex((end) => end <= span.from);
    const lane = free < 0 ? ends.length : free;
    ends[lane] = span.to;
    together.push({ ...span, lane });
  }
  close();
  return found.sort((a, b) => a.top - b.top || b.build.buildid - a.build.buildid);
}

/** The place of an instant, from the bottom; within what was drawn. */
function placeOf(points: readonly Point[], at: number): number {
  let low = 0;
  let high = points.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((points[middle]?.at ?? 0) <= at) low = middle;
    else high = middle - 1;
  }
  const before = points[low];
  const after = points[low + 1];
  if (!before) return 0;
  if (!after || at <= before.at || after.at === before.at) return before.y;
  return before.y + ((after.y - before.y) * (at - before.at)) / (after.at - before.at);
}

function ticksOf(points: readonly Point[], folds: readonly { from: Point; to: Point }[], height: number, pxPerSecond: number): Tick[] {
  const first = points[0];
  const end = points.at(-1);
  if (!first || !end) return [];
  const step = STEPS.find((one) => one * pxPerSecond >= TICK_PX) ?? DAY;
  const begins = [first.at, ...folds.map((fold) => fold.to.at)];
  const ends = [...folds.map((fold) => fold.from.at), end.at];
  const found: Point[] = [];
  begins.forEach((begin, index) => {
    const until = ends[index] ?? begin;
    let below = -Infinity;
    const put = (at: number, y: number): void => {
      if (y - below < CLOSE_PX) return;
      found.push({ at, y });
      below = y;
    };
    // behind a fold the place of its end, not that of its begin
    put(begin, index ? (folds[index - 1]?.to.y ?? 0) : 0);
    for (let at = roundUp(begin, step); at <= until; at += step) put(at, placeOf(points, at));
  });
  return found.map(({ at, y }) => ({ at, top: height - y })).reverse();
}

/** The next instant that is a multiple of the step on the clock of the reader. */
function roundUp(at: number, step: number): number {
  const midnight = midnightOf(at);
  return midnight + Math.ceil((at - midnight) / step) * step;
}

function midnightOf(at: number): number {
  const day = new Date(at * 1000);
  return new Date(day.getFullYear(), day.getMonth(), day.getDate()).getTime() / 1000;
}

function nextMidnight(midnight: number): number {
  const day = new Date(midnight * 1000); // days with a change of the clock are longer or shorter
  return new Date(day.getFullYear(), day.getMonth(), day.getDate() + 1).getTime() / 1000;
}

function daysOf(points: readonly Point[], folds: readonly { from: Point; to: Point }[], height: number): Tick[] {
  const first = points[0];
  const end = points.at(-1);
  if (!first || !end) return [];
  const found: Tick[] = [];
  let midnight = nextMidnight(midnightOf(first.at));
  while (midnight <= end.at) {
    const fold = folds.find(({ from, to }) => from.at < midnight && midnight <= to.at);
    if (fold) midnight = midnightOf(fold.to.at); // of several days in a fold only the last one is told
    found.push({ at: midnight, top: height - (fold ? fold.to.y : placeOf(points, midnight)) });
    midnight = nextMidnight(midnight);
  }
  return found.reverse();
}

/** What is in sight: blocks are given from the top, and none is as tall as all that is drawn. */
export function inSight<B extends Timed>(blocks: readonly Block<B>[], top: number, bottom: number): readonly Block<B>[] {
  return blocks.filter((block) => block.top < bottom && block.top + block.height > top);
}

export type Direction = "ArrowUp" | "ArrowDown" | "ArrowLeft" | "ArrowRight" | "Home" | "End";

/** The build that an arrow key leads to: newer, older, or of a builder beside it at about the same time. */
export function neighbourOf<B extends Timed>(layout: Layout<B>, order: readonly number[], from: B, key: Direction): B | undefined {
  const column = layout.columns.get(from.builderid) ?? [];
  const at = column.findIndex((block) => block.build.buildid === from.buildid);
  const block = column[at];
  if (!block) return undefined;
  switch (key) {
    case "ArrowUp":
      return column[at - 1]?.build;
    case "ArrowDown":
      return column[at + 1]?.build;
    case "Home":
      return column[0]?.build;
    case "End":
      return column.at(-1)?.build;
    case "ArrowLeft":
    case "ArrowRight": {
      const by = key === "ArrowLeft" ? -1 : 1;
      for (let place = order.indexOf(from.builderid) + by; place >= 0 && place < order.length; place += by) {
        const others = layout.columns.get(order[place] ?? -1) ?? [];
        const away = (other: Block): number => Math.abs(other.top + other.height / 2 - block.top - block.height / 2);
        const [nearest] = [...others].sort((a, b) => away(a) - away(b));
        if (nearest) return nearest.build;
      }
      return undefined;
    }
  }
}
