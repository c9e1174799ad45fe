/** When lines of a log came: fetched where they are looked at, and in words. */

import { CHUNK_LINES, chunksOf } from "./lines";

/** How times are shown: not at all, by the clock, since the first line, since the line before. */
export const WAYS = ["none", "clock", "start", "before"] as const;
export type Way = (typeof WAYS)[number];

const KEPT_CHUNKS = 24;

/** @param read gives the times of lines from `offset` on, at most `limit`, in milliseconds since the epoch */
export class LineTimes {
  private readonly chunks = new Map<number, readonly number[]>();
  private readonly reading = new Set<number>();
  private first: number | undefined;

  constructor(
    private readonly read: (offset: number, limit: number) => Promise<readonly number[]>,
    private readonly changed: () => void,
  ) {}

  /** When a line came; undefined if that is not known yet. */
  at(line: number): number | undefined {
    return this.chunks.get(Math.floor(line / CHUNK_LINES))?.[line % CHUNK_LINES];
  }

  /** When the first line came. */
  get start(): number | undefined {
    return this.first;
  }

  /** See to it that the times of these lines are known; a failure is tried again when they are asked for next. */
  want(first: number, end: number, total: number): void {
    if (total > 0 && this.first === undefined) this.fetch(0, total);
    for (const chunk of chunksOf(first, Math.min(end, total))) this.fetch(chunk, total);
  }

  private fetch(chunk: number, total: number): void {
    const known = this.chunks.get(chunk)?.length ?? 0;
    if (this.reading.has(chunk) || known >= Math.min(CHUNK_LINES, total - chunk * CHUNK_LINES)) return;
    this.reading.add(chunk);
    void this.read(chunk * CHUNK_LINES, CHUNK_LINES)
      .then((times) => {
        if (chunk === 0) this.first = times[0];
        this.chunks.delete(chunk);
        this.chunks.set(chunk, times);
        for (const oldest of this.chunks.keys()) {
          if (this.chunks.size <= KEPT_CHUNKS) break;
          this.chunks.delete(oldest);
        }
        this.changed();
      })
      .catch(() => undefined)
      .finally(() => this.reading.delete(chunk));
  }
}

const two = (value: number): string => String(value).padStart(2, "0");

/** A length of time as a column has it: 1:02:03.4, 2:03.4, 0.4 s. */
export function formatLength(ms: number): string {
  const tenths = Math.round(Math.abs(ms) / 100);
  const seconds = Math.floor(tenths / 10);
  const sign = ms <= -50 ? "-" : "";
  if (seconds < 60) return `${sign}${seconds}.${tenths % 10} s`;
  const rest = `${two(seconds % 60)}.${tenths % 10}`;
  return seconds < 3600 ? `${sign}${Math.floor(seconds / 60)}:${rest}` : `${sign}${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${rest}`;
}

/** The clock on the reader's wall. */
export function formatClock(ms: number): string {
  const at = new Date(ms);
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, "0")}`;
}

/** What stands beside a line; empty while it is not known. */
export function timeText(times: LineTimes, line: number, way: Way): string {
  const at = times.at(line);
  if (at === undefined || way === "none") return "";
  if (way === "clock") return formatClock(at);
  const from = way === "start" ? times.start : line === 0 ? at : times.at(line - 1);
  return from === undefined ? "" : `+${formatLength(at - from)}`;
}
