import { expect, it } from "vitest";
import { Visible } from "./visible";

it("shows every line where nothing is hidden", () => {
  const all = new Visible(100);

  expect([all.rows, all.lineAt(7), all.rowOf(7)]).toEqual([100, 7, 7]);
  expect(all.pieces(2, 5)).toEqual([[2, 5]]);
});

it("finds each shown line in its row, and each row's line", () => {
  const hidden: [number, number][] = [[50, 60], [10, 20], [12, 15], [20, 22], [95, 200]];
  const some = new Visible(100, hidden);
  const shown = [...Array(100).keys()].filter((line) => !hidden.some(([from, to]) => line >= from && line < to));

  expect(some.rows).toBe(shown.length);
  expect(shown.map((_, row) => some.lineAt(row))).toEqual(shown);
  expect(shown.map((line) => some.rowOf(line))).toEqual(shown.map((_, row) => row));
});

it("takes what is hidden for the line before it", () => {
  const some = new Visible(100, [[10, 20]]);

  expect([some.rowOf(9), some.rowOf(10), some.rowOf(19), some.rowOf(20)]).toEqual([9, 9, 9, 10]);
  expect(some.pieces(8, 12)).toEqual([[8, 10], [20, 22]]);
  expect(new Visible(10, [[0, 10]]).rows).toBe(0);
});
