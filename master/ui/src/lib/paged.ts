/** Lists whose newest rows are read again and again, and whose older ones come piece by piece. */

export interface Paged<T> {
  /** Newest first. */
  readonly rows: readonly T[];
  /** Where older ones begin; null: there are none. */
  readonly next: string | null;
}

type Id<T> = (row: T) => number;

/** Rows of several lists, each once, newest first; of equal ones that of the first list that has it. */
export function united<T>(id: Id<T>, ...lists: readonly (readonly T[])[]): T[] {
  const found = new Map<number, T>();
  for (const list of lists) for (const row of list) if (!found.has(id(row))) found.set(id(row), row);
  return [...found.values()].sort((a, b) => id(b) - id(a));
}

/**
 * What was read again, with the older rows that are there already.
 * @param fresh the newest rows, as they are now
 * @param stays whether an older row still holds
 */
export function renewed<T>(id: Id<T>, before: Paged<T> | undefined, fresh: Paged<T>, stays: (row: T) => boolean = () => true): Paged<T> {
  const oldest = fresh.rows.at(-1);
  if (!before || !oldest || fresh.next === null) return fresh;
  const ids = new Set(before.rows.map(id));
  // so much is new that rows between are missing: begin anew
  if (!fresh.rows.some((row) => ids.has(id(row)))) return fresh;
  const older = before.rows.filter((row) => id(row) < id(oldest) && stays(row));
  return older.length ? { rows: united(id, fresh.rows, older), next: before.next } : fresh;
}

/** With one more piece of older rows. */
export function continued<T>(id: Id<T>, before: Paged<T>, piece: Paged<T>): Paged<T> {
  return { rows: united(id, before.rows, piece.rows), next: piece.next };
}
