import { expect, it } from "vitest";
import { continued, renewed, united } from "./paged";

interface Row {
  readonly id: number;
  readonly says: string;
}
const id = (row: Row): number => row.id;
const rows = (says: string, ...ids: number[]): Row[] => ids.map((one) => ({ id: one, says }));
const told = (list: readonly Row[]) => list.map((row) => `${row.id}${row.says}`);

it("each row is there once, as the first list has it, newest first", () => {
  expect(told(united(id, rows("a", 5, 3), rows("b", 4, 3)))).toEqual(["5a", "4b", "3a"]);
});

it("what is read again keeps the older rows, and where those before them begin", () => {
  const before = { rows: rows("a", 5, 4, 3, 2, 1), next: "before 1" };
  const after = renewed(id, before, { rows: rows("b", 6, 5, 4), next: "before 4" }, (row) => row.id !== 2);

  expect(told(after.rows)).toEqual(["6b", "5b", "4b", "3a", "1a"]);
  expect(after.next).toBe("before 1");
});

it("begins anew where rows between would be missing, and where all is told", () => {
  const before = { rows: rows("a", 5, 4), next: "before 4" };

  expect(renewed(id, before, { rows: rows("b", 9, 8), next: "before 8" })).toEqual({ rows: rows("b", 9, 8), next: "before 8" });
  expect(renewed(id, before, { rows: rows("b", 5), next: null })).toEqual({ rows: rows("b", 5), next: null });
  expect(renewed(id, undefined, { rows: [], next: null })).toEqual({ rows: [], next: null });
});

it("goes on with older rows", () => {
  const after = continued(id, { rows: rows("a", 5, 4), next: "x" }, { rows: rows("b", 4, 3), next: null });

  expect(told(after.rows)).toEqual(["5a", "4a", "3b"]);
  expect(after.next).toBeNull();
});
