/** Searching a log: from where the reader is to its end, then from its begin; hits are shown as they are found. */

/** What is known of a hit here. */
export interface AnyHit {
  readonly line: number;
}

export interface SearchState<H extends AnyHit> {
  /** In the order of the log. */
  readonly hits: readonly H[];
  /** Nothing more will come. */
  readonly isDone: boolean;
  /** There are no others than these. */
  readonly isAll: boolean;
}

/**
 * Reads hits from a line on.
 * @param take is given them as they come; if it answers false no more are wanted
 * @returns whether the log was looked through to its end
 */
export type ReadHits<H> = (from: number, take: (hits: readonly H[]) => boolean) => Promise<boolean>;

/** @param show is told again and again how far it has come */
export async function searchLog<H extends AnyHit>(read: ReadHits<H>, from: number, show: (state: SearchState<H>) => void): Promise<void> {
  const behind: H[] = [];
  const before: H[] = [];
  const tell = (isDone: boolean, isAll: boolean): void => show({ hits: [...before, ...behind], isDone, isAll });
  const isEnd = await read(from, (hits) => {
    behind.push(...hits);
    tell(false, false);
    return true;
  });
  let isJoined = from === 0;
  if (!isJoined) {
    const isThrough = await read(0, (hits) => {
      const known = hits.findIndex((hit) => hit.line >= from);
      isJoined = known >= 0;
      before.push(...(isJoined ? hits.slice(0, known) : hits));
      if (hits.length) tell(false, false);
      return !isJoined;
    });
    isJoined ||= isThrough;
  }
  tell(true, isEnd && isJoined);
}

/** The hit to show next: the first one behind a line, or before it; around the ends of the log. */
export function nextHit<H extends AnyHit>(hits: readonly H[], line: number, by: 1 | -1): H | undefined {
  const found = by > 0 ? hits.find((hit) => hit.line > line) : hits.findLast((hit) => hit.line < line);
  return found ?? (by > 0 ? hits[0] : hits[hits.length - 1]);
}
