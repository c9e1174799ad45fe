import { describe, expect, it } from "vitest";
import { inSight, layoutOf, neighbourOf, type Layout, type Shape, type Timed } from "./waterfall";

const NOON = new Date(2026, 10, 30, 12).getTime() / 1000;
const SHAPE: Shape = { now: NOON + 10_000, pxPerSecond: 0.1, idleSeconds: 300, least: 20 };
const build = (buildid: number, builderid: number, from: number, to: number | null): Timed => ({
  buildid, builderid, started_at: NOON + from, complete_at: to === null ? null : NOON + to,
});
const blocks = (layout: Layout, builder: number) => (layout.columns.get(builder) ?? []).map(({ build, top, height }) => [build.buildid, Math.round(top), Math.round(height)]);

describe("the axis of time", () => {
  it("has the newest build on top, and heights as builds took", () => {
    const layout = layoutOf([build(1, 1, 0, 600), build(2, 1, 700, 1000)], SHAPE);

    expect(layout.height).toBe(100);
    expect(blocks(layout, 1)).toEqual([[2, 0, 30], [1, 40, 60]]);
  });

  it("is the same for all builders", () => {
    const layout = layoutOf([build(1, 1, 0, 600), build(2, 2, 0, 300), build(3, 2, 300, 600)], SHAPE);

    expect(blocks(layout, 1)).toEqual([[1, 0, 60]]);
    expect(blocks(layout, 2)).toEqual([[3, 0, 30], [2, 30, 30]]);
  });

  it("is stretched for builds that are too short to be seen, without an overlap", () => {
    const layout = layoutOf([build(1, 1, 0, 1), build(2, 1, 1, 2), build(3, 1, 2, 3), build(4, 2, 0, 3)], SHAPE);

    expect(blocks(layout, 1)).toEqual([[3, 0, 20], [2, 20, 20], [1, 40, 20]]);
    expect(blocks(layout, 2)).toEqual([[4, 0, 60]]);
    expect(layout.columns.get(1)?.map((block) => block.lanes)).toEqual([1, 1, 1]);
  });

  it("gives builds that took no time a place, too", () => {
    const layout = layoutOf([build(1, 1, -50, 0), build(2, 1, 0, 0), build(3, 1, 0, 50)], SHAPE);

    expect(blocks(layout, 1).map(([id]) => id)).toEqual([3, 2, 1]);
    expect(layout.columns.get(1)?.every((block) => block.lanes === 1 && block.height >= 20)).toBe(true);
  });

  it("ends with the present while builds run", () => {
    const layout = layoutOf([build(1, 1, 9_000, null)], SHAPE);

    expect(blocks(layout, 1)).toEqual([[1, 0, 100]]);
    expect(blocks(layoutOf([build(1, 1, 9_000, null)], { ...SHAPE, now: SHAPE.now + 1_000 }), 1)).toEqual([[1, 0, 200]]);
  });

  it("does not run backwards where clocks differ", () => {
    expect(blocks(layoutOf([build(1, 1, 100, 50), build(2, 1, 20_000, null)], SHAPE), 1)).toHaveLength(2);
  });

  it("shows nothing of nothing", () => {
    expect(layoutOf([], SHAPE)).toEqual({ height: 0, columns: new Map(), folds: [], ticks: [], days: [] });
  });
});

describe("builds at the same time", () => {
  it("stand beside each other", () => {
    const layout = layoutOf([build(1, 1, 0, 600), build(2, 1, 300, 900), build(3, 1, 700, 800), build(4, 1, 1000, 1300)], SHAPE);
    const lanes = layout.columns.get(1)?.map(({ build, lane, lanes }) => [build.buildid, lane, lanes]);

    expect(lanes).toEqual([[4, 0, 1], [2, 1, 2], [3, 0, 2], [1, 0, 2]]);
  });
});

describe("idle times", () => {
  it("are folded when they are longer than the threshold", () => {
    const layout = layoutOf([build(1, 1, 0, 600), build(2, 2, 9_000, 9_600)], SHAPE);

    expect(layout.folds).toEqual([{ top: 60, height: 34, begin: NOON + 600, end: NOON + 9_000 }]);
    expect(layout.height).toBe(60 + 34 + 60);
  });

  it("are not folded while some builder builds, or where that would make them larger", () => {
    expect(layoutOf([build(1, 1, 0, 600), build(2, 1, 9_000, 9_600), build(3, 2, 0, 9_600)], SHAPE).folds).toEqual([]);
    expect(layoutOf([build(1, 1, 0, 600), build(2, 1, 910, 1_200)], SHAPE).folds).toEqual([]);
  });
});

describe("labels", () => {
  it("stand at round times, and where a time without builds ends", () => {
    const layout = layoutOf([build(1, 1, 60, 3_660), build(2, 1, 40_000, 41_000)], SHAPE);
    const told = layout.ticks.map(({ at }) => at - NOON);

    expect(told).toEqual([40_500, 40_000, 3_600, 2_700, 1_800, 900, 60]);
    expect(layout.ticks.every((tick, index) => index === 0 || tick.top - (layout.ticks[index - 1]?.top ?? 0) >= 22)).toBe(true);
  });

  it("tell where another day begins, once for days that are folded", () => {
    const nearly = 12 * 3_600;
    const layout = layoutOf([build(1, 1, nearly - 600, nearly + 600), build(2, 1, nearly + 3 * 86_400 + 60, nearly + 3 * 86_400 + 660)], SHAPE);

    expect(layout.days.map(({ at }) => new Date(at * 1000).getDate())).toEqual([4, 1]);
    expect(layout.days[0]?.top).toBe(60);
    expect(layout.days[1]?.top).toBe(60 + 34 + 60);
  });
});

describe("moving about", () => {
  const layout = layoutOf([build(1, 1, 0, 600), build(2, 1, 700, 1000), build(3, 3, 650, 1000), build(4, 3, 0, 100)], SHAPE);
  const go = (from: number, key: Parameters<typeof neighbourOf>[3]) => {
    const start = [...layout.columns.values()].flat().find((block) => block.build.buildid === from)?.build;
    return start && neighbourOf(layout, [1, 2, 3], start, key)?.buildid;
  };

  it("goes to newer and older builds of the builder", () => {
    expect([go(1, "ArrowUp"), go(2, "ArrowDown"), go(2, "ArrowUp"), go(2, "End"), go(1, "Home")]).toEqual([2, 1, undefined, 1, 2]);
  });

  it("goes to the nearest build of the next builder that has some", () => {
    expect([go(1, "ArrowRight"), go(2, "ArrowRight"), go(3, "ArrowLeft"), go(3, "ArrowRight")]).toEqual([4, 3, 2, undefined]);
  });

  it("draws what is in sight only", () => {
    expect(inSight(layout.columns.get(1) ?? [], 0, 35).map(({ build }) => build.buildid)).toEqual([2]);
  });
});
