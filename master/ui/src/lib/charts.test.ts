import { describe, expect, it } from "vitest";
import { durationsOf, trend, utilisation, type Timed } from "./charts";

const build = (number: number, started_at: number, complete_at: number | null, results: number | null = 0): Timed => ({ number, started_at, complete_at, results });

describe("durationsOf", () => {
  it("keeps good and bad builds apart, in their order, and leaves out the others", () => {
    const found = durationsOf([build(4, 0, 30, 6), build(3, 100, 400, 2), build(2, 0, 60), build(1, 0, 120, 1), build(5, 0, null, null)]);

    expect(found).toEqual({ numbers: [1, 2, 3], good: [120, 60, null], bad: [null, null, 300], median: 120, longest: 300 });
  });

  it("gives a build of less than a second something to see", () => {
    expect(durationsOf([build(1, 100, 100)])).toMatchObject({ good: [0.4], median: 0.4, longest: 0.4 });
  });

  it("says nothing of nothing", () => {
    expect(durationsOf([])).toEqual({ numbers: [], good: [], bad: [], median: 0, longest: 0 });
  });
});

describe("utilisation", () => {
  it("counts time once however many builds run, and what runs still", () => {
    const now = 10_000;
    const found = utilisation([build(1, now - 3_600, now - 1_800), build(2, now - 2_700, now - 1_800), build(3, now - 900, null, null)], now, true, 4);

    expect(found.span).toBe(3_600);
    expect(found.percents).toEqual([100, 100, 0, 100]);
    expect(found.percent).toBe(75);
  });

  it("cuts what began before the span", () => {
    const now = 100 * 86_400;

    expect(utilisation([build(1, 0, now - 14 * 86_400)], now, true, 2).percents).toEqual([100, 0]);
  });

  it("shows nothing of the time of which nothing is known", () => {
    expect(utilisation([build(2, 900, 1_000), build(1, 800, 850)], 1_000, false, 4)).toMatchObject({ span: 200, percents: [100, 0, 100, 100], percent: 75 });
  });

  it("is nothing where nothing has run", () => {
    expect(utilisation([], 1_000, true, 2).percents).toEqual([0, 0]);
  });
});

describe("trend", () => {
  it("tells the share of good builds, and nothing where there were none", () => {
    const found = trend([build(1, 0, 0), build(2, 0, 1_000, 2), build(3, 0, 9_000, 1), build(4, 0, 9_500, 6)], 10_000, 4);

    expect(found.percents).toEqual([50, null, null, 100]);
    expect([found.good, found.rated, found.span]).toEqual([2, 3, 10_000]);
  });

  it("takes a build that ends now, and an hour at least", () => {
    expect(trend([build(1, 0, 10_000)], 10_000, 2)).toMatchObject({ percents: [null, 100], good: 1, rated: 1, span: 3_600 });
  });
});
