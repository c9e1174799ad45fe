/** Lines of logs: what `/contents` answers, ranges in addresses, and which parts to ask for. */

export type Stream = "o" | "e" | "h";

export interface Line {
  readonly stream: Stream;
  readonly text: string;
}

/** Lines that are asked for at once. */
export const CHUNK_LINES = 1000;

/**
 * The lines of a piece of a log.
 * @param isStdio whether each line has its stream's mark in front
 */
export function splitLines(content: string, isStdio: boolean): Line[] {
  if (content === "") return [];
  const lines = content.split("\n");
  if (lines[lines.length - 1] === "") lines.pop();
  if (!isStdio) return lines.map((text) => ({ stream: "o", text }));
  return lines.map((line) => {
    const mark = line[0];
    return { stream: mark === "e" || mark === "h" ? mark : "o", text: line.slice(1) };
  });
}

export interface LineRange {
  /** From 1, as people count. */
  readonly first: number;
  readonly last: number;
}

/** The range that `L10-L20`, `L10` or `L20-10` names; null if it names none. */
export function parseRange(hash: string): LineRange | null {
  const found = /^#?L(\d{1,15})(?:-L?(\d{1,15}))?$/.exec(hash);
  if (!found) return null;
  const one = Number(found[1]);
  const other = Number(found[2] ?? found[1]);
  if (one < 1 || other < 1) return null;
  return { first: Math.min(one, other), last: Math.max(one, other) };
}

/** The part of an address that names a range. */
export function formatRange(range: LineRange): string {
  return range.first === range.last ? `L${range.first}` : `L${range.first}-L${range.last}`;
}

/** The numbers of the chunks that hold lines from `first` up to but not with `end`, both from 0. */
export function chunksOf(first: number, end: number): number[] {
  const found: number[] = [];
  for (let chunk = Math.floor(Math.max(0, first) / CHUNK_LINES); chunk * CHUNK_LINES < end; chunk++) found.push(chunk);
  return found;
}

/** How many lines stand in the list at once; browsers cannot show a list of any height. */
export const WINDOW_LINES = 60_000;

/** Where the window begins, so that a line is well inside of it and the window within the log. */
export function windowAround(line: number, total: number): number {
  const wanted = Math.floor((line - WINDOW_LINES / 2) / CHUNK_LINES) * CHUNK_LINES;
  const last = Math.ceil(Math.max(0, total - WINDOW_LINES) / CHUNK_LINES) * CHUNK_LINES;
  return Math.max(0, Math.min(wanted, last));
}
