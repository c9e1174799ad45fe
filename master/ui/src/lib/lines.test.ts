import { describe, expect, it } from "vitest";
import { CHUNK_LINES, WINDOW_LINES, chunksOf, formatRange, parseRange, splitLines, windowAround } from "./lines";

describe("contents", () => {
  it("of stdio have a mark at each line", () => {
    expect(splitLines("hmake\noone\nebad\no\n", true)).toEqual([
      { stream: "h", text: "make" },
      { stream: "o", text: "one" },
      { stream: "e", text: "bad" },
      { stream: "o", text: "" },
    ]);
  });

  it("of other logs have none", () => {
    expect(splitLines("ebad\n\nlast", false).map((line) => line.text)).toEqual(["ebad", "", "last"]);
  });

  it("may be empty", () => {
    expect(splitLines("", true)).toEqual([]);
  });
});

describe("ranges in addresses", () => {
  it.each([
    ["#L10-L20", { first: 10, last: 20 }],
    ["L10-20", { first: 10, last: 20 }],
    ["#L7", { first: 7, last: 7 }],
    ["#L20-L10", { first: 10, last: 20 }],
  ])("%s", (hash, range) => {
    expect(parseRange(hash)).toEqual(range);
  });

  it.each(["", "#", "#L0", "#Lx", "#L1-", "#L-1", "#L99999999999999999"])("%s names none", (hash) => {
    expect(parseRange(hash)).toBeNull();
  });

  it("are read as they were written", () => {
    for (const range of [{ first: 3, last: 3 }, { first: 3, last: 900 }]) expect(parseRange(formatRange(range))).toEqual(range);
  });
});

describe("chunks", () => {
  it("cover what is in sight", () => {
    expect(chunksOf(0, 10)).toEqual([0]);
    expect(chunksOf(CHUNK_LINES - 1, CHUNK_LINES + 1)).toEqual([0, 1]);
    expect(chunksOf(CHUNK_LINES, CHUNK_LINES)).toEqual([]);
  });
});

describe("the window", () => {
  it("of a short log begins with it", () => {
    expect(windowAround(500, 1000)).toBe(0);
  });

  it.each([0, 1, 123_456, 2_500_000, 4_999_999])("holds line %i of five million", (line) => {
    const begin = windowAround(line, 5_000_000);
    expect(begin % CHUNK_LINES).toBe(0);
    expect(begin).toBeLessThanOrEqual(line);
    expect(begin + WINDOW_LINES).toBeGreaterThan(line);
  });
});
