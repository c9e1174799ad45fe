/** Places on a line of time. */

/** The time that a line shows, in seconds since the epoch. */
export interface Span {
  readonly begin: number;
  readonly end: number;
}

/** In percent of the whole; within it, and never too narrow to be seen. */
export function placeOf({ begin, end }: Span, from: number, to: number): { x: number; width: number } {
  const whole = Math.max(1, end - begin);
  const x = Math.min(99, Math.max(0, ((from - begin) / whole) * 100));
  return { x, width: Math.max(1, Math.min(100 - x, ((to - from) / whole) * 100)) };
}
