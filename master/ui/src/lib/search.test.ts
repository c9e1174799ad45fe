import { describe, expect, it } from "vitest";
import { nextHit, searchLog, type AnyHit, type SearchState } from "./search";

const LINES = [3, 40, 41, 90];

/** A log with hits, of which at most `most` are told in pieces of two. */
function reader(asked: number[], most = 100) {
  return (from: number, take: (hits: readonly AnyHit[]) => boolean): Promise<boolean> => {
    asked.push(from);
    const found = LINES.filter((line) => line >= from);
    for (let at = 0; at < Math.min(most, found.length); at += 2) {
      if (!take(found.slice(at, Math.min(at + 2, most)).map((line) => ({ line })))) return Promise.resolve(false);
    }
    return Promise.resolve(found.length <= most);
  };
}

async function states(from: number, most?: number): Promise<{ shown: SearchState<AnyHit>[]; asked: number[] }> {
  const shown: SearchState<AnyHit>[] = [];
  const asked: number[] = [];
  await searchLog(reader(asked, most), from, (state) => shown.push(state));
  return { shown, asked };
}

describe("a search", () => {
  it("shows hits as they come, those behind the reader first", async () => {
    const { shown, asked } = await states(41);
    expect(asked).toEqual([41, 0]);
    expect(shown[0]).toEqual({ hits: [{ line: 41 }, { line: 90 }], isDone: false, isAll: false });
    expect(shown[shown.length - 1]).toEqual({ hits: LINES.map((line) => ({ line })), isDone: true, isAll: true });
  });

  it("asks once from the first line", async () => {
    const { shown, asked } = await states(0);
    expect(asked).toEqual([0]);
    expect(shown[shown.length - 1]?.isAll).toBe(true);
  });

  it("tells when there may be more", async () => {
    const { shown } = await states(0, 2);
    expect(shown[shown.length - 1]).toEqual({ hits: [{ line: 3 }, { line: 40 }], isDone: true, isAll: false });
  });

  it("finds what is before the reader alone", async () => {
    const { shown } = await states(95);
    expect(shown[shown.length - 1]).toEqual({ hits: LINES.map((line) => ({ line })), isDone: true, isAll: true });
  });
});

it("goes from hit to hit, and around the ends", () => {
  const hits = LINES.map((line) => ({ line }));
  expect(nextHit(hits, 40, 1)?.line).toBe(41);
  expect(nextHit(hits, 90, 1)?.line).toBe(3);
  expect(nextHit(hits, 40, -1)?.line).toBe(3);
  expect(nextHit(hits, 3, -1)?.line).toBe(90);
  expect(nextHit([], 3, 1)).toBeUndefined();
});
