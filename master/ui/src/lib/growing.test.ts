import { describe, expect, it } from "vitest";
import { chosenAfter, newestFirst as newestOf, united, withHead, withMore, type Piece } from "./growing";

const newestFirst = newestOf((n: number) => n);
const piece = (rows: number[], next: string | null = null, total: number | null = null): Piece<number> => ({ rows, next, total });

describe("a list that is read piece by piece", () => {
  it("begins with its head", () => {
    expect(withHead(undefined, piece([3, 2], "b"), newestFirst)).toEqual(piece([3, 2], "b"));
  });

  it("grows at its end, and names nothing twice", () => {
    expect(withMore(piece([4, 3], "a"), piece([3, 2, 1]), newestFirst)).toEqual(piece([4, 3, 2, 1]));
  });

  it("keeps what lies behind a new head", () => {
    const kept = piece([5, 4, 3, 2, 1], null);
    expect(withHead(kept, piece([6, 5, 4], "x", 6), newestFirst)).toEqual(piece([6, 5, 4, 3, 2, 1], null, 6));
  });

  it("loses what is not in the head any more", () => {
    expect(withHead(piece([5, 4, 3, 2, 1], "n"), piece([5, 3], "x"), newestFirst)).toEqual(piece([5, 3, 2, 1], "n"));
  });

  it("loses what does not hold any more", () => {
    expect(withHead(piece([5, 4, 3, 2, 1], "n"), piece([6, 5, 4], "x"), newestFirst, (n) => n !== 2)).toEqual(piece([6, 5, 4, 3, 1], "n"));
  });

  it("is the head alone where that has all", () => {
    expect(withHead(piece([5, 4, 3], "n"), piece([5, 4]), newestFirst)).toEqual(piece([5, 4]));
    expect(withHead(piece([5, 4, 3], "n"), piece([]), newestFirst)).toEqual(piece([]));
  });

  it("begins anew where more has come than the head shows", () => {
    expect(withHead(piece([3, 2, 1]), piece([9, 8, 7], "x"), newestFirst)).toEqual(piece([9, 8, 7], "x"));
  });
});

describe("several lists", () => {
  it("have each row once, as the first one has it, newest first", () => {
    const rows = (says: string, ...ids: number[]) => ids.map((id) => ({ id, says }));
    expect(united(({ id }) => id, rows("a", 5, 3), rows("b", 4, 3)).map(({ id, says }) => `${id}${says}`)).toEqual(["5a", "4b", "3a"]);
  });
});

describe("choosing", () => {
  it("takes one, or all up to the one before", () => {
    const keys = [10, 20, 30, 40];
    expect([...chosenAfter(new Set(), keys, 20, true, null)]).toEqual([20]);
    expect([...chosenAfter(new Set([20]), keys, 40, true, 20)]).toEqual([20, 30, 40]);
    expect([...chosenAfter(new Set([20, 30, 40]), keys, 30, false, 20)]).toEqual([40]);
    expect([...chosenAfter(new Set(), keys, 30, true, 99)]).toEqual([30]);
  });
});
