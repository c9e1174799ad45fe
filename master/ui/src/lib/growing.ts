/** Lists that are read piece by piece, and whose begin is read again when something happens. */

/** A piece of a list, as it was read. */
export interface Piece<T> {
  readonly rows: readonly T[];
  /** What leads to the piece behind; null if there is none. */
  readonly next: string | null;
  /** How many there are in all, if somebody has counted. */
  readonly total?: number | null;
}

/** How rows are told apart, and which comes first. */
export interface Order<T> {
  readonly keyOf: (row: T) => number;
  readonly compare: (a: T, b: T) => number;
}

/**
 * What is known of a list after its begin was read again. Rows that stood before the end of the new begin and are not in
 * it are gone; those behind it stay. If so much has come that the two do not touch any more, the old ones are forgotten.
 *
 * @param stays whether a row behind still holds
 */
export function withHead<T>(kept: Piece<T> | undefined, head: Piece<T>, { keyOf, compare }: Order<T>, stays: (row: T) => boolean = () => true): Piece<T> {
  const last = head.rows[head.rows.length - 1];
  if (kept === undefined || last === undefined || head.next === null) return head;
  const inHead = new Set(head.rows.map(keyOf));
  const behind = kept.rows.filter((row) => !inHead.has(keyOf(row)) && compare(row, last) > 0 && stays(row));
  if (behind.length === 0) return head;
  const touches = kept.rows.some((row) => inHead.has(keyOf(row)));
  return touches ? { ...head, rows: [...head.rows, ...behind], next: kept.next } : head;
}

/** What is known after one more piece was read. */
export function withMore<T>(kept: Piece<T>, more: Piece<T>, { keyOf }: Order<T>): Piece<T> {
  const known = new Set(kept.rows.map(keyOf));
  return { rows: [...kept.rows, ...more.rows.filter((row) => !known.has(keyOf(row)))], next: more.next, total: more.total ?? kept.total ?? null };
}

/** Rows of several lists, each once, newest first; of equal ones that of the first list that has it. */
export function united<T>(id: (row: T) => number, ...lists: readonly (readonly T[])[]): T[] {
  const found = new Map<number, T>();
  for (const list of lists) for (const row of list) if (!found.has(id(row))) found.set(id(row), row);
  return [...found.values()].sort((a, b) => id(b) - id(a));
}

/** The order of rows whose ids grow. */
export function newestFirst<T>(id: (row: T) => number): Order<T> {
  return { keyOf: id, compare: (a, b) => id(b) - id(a) };
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
