/** Lists that are read piece by piece, and whose begin is read again when something happens. */

/** A piece of a list, as it was read. */
export interface Piece<T> {
  readonly rows: readonly T[];
  /** What leads to the piece behind; null if there is none. */
  readonly next: string | null;
  /** How many there are in all, if somebody has counted. */
  readonly total: number | null;
}

/** How rows are told apart, and which comes first. */
export interface Order<T> {
  readonly keyOf: (row: T) => number;
  readonly compare: (a: T, b: T) => number;
}

/**
 * What is known of a list after its begin was read again. Rows that stood before the end of the new begin and are not in
 * it are gone; those behind it stay. If so much has come that the two do not touch any more, the old ones are forgotten.
 */
export function withHead<T>(kept: Piece<T> | undefined, head: Piece<T>, { keyOf, compare }: Order<T>): Piece<T> {
  const last = head.rows[head.rows.length - 1];
  if (kept === undefined || last === undefined || head.next === null) return head;
  const inHead = new Set(head.rows.map(keyOf));
  const behind = kept.rows.filter((row) => !inHead.has(keyOf(row)) && compare(row, last) > 0);
  if (behind.length === 0) return head;
  const touches = kept.rows.some((row) => inHead.has(keyOf(row)));
  return touches ? { rows: [...head.rows, ...behind], next: kept.next, total: head.total } : head;
}

/** What is known after one more piece was read. */
export function withMore<T>(kept: Piece<T>, more: Piece<T>, { keyOf }: Order<T>): Piece<T> {
  const known = new Set(kept.rows.map(keyOf));
  return { rows: [...kept.rows, ...more.rows.filter((row) => !known.has(keyOf(row)))], next: more.next, total: more.total ?? kept.total };
}

/** What was chosen after a click on one row: that one; with Shift all between it and the one clicked before. */
export function chosenAfter(chosen: ReadonlySet<number>, keys: readonly number[], clicked: number, isOn: boolean, anchor: number | null): Set<number> {
  const found = new Set(chosen);
  const at = keys.indexOf(clicked);
  const from = anchor === null ? -1 : keys.indexOf(anchor);
  const range = from < 0 || at < 0 ? [clicked] : keys.slice(Math.min(from, at), Math.max(from, at) + 1);
  for (const key of range) {
    if (isOn) found.add(key);
    else found.delete(key);
  }
  return found;
}
