/** The lines of one log, fetched in chunks as they come into sight, and coloured across chunks. */

import { PLAIN, parseAnsi, type Segment, type Style } from "./ansi";
import { CHUNK_LINES, chunksOf, type Line, type Stream } from "./lines";

export interface ShownLine {
  readonly stream: Stream;
  readonly text: string;
  readonly segments: readonly Segment[];
}

/** The styles in force on stdout and stderr; headers have none. */
interface Styles {
  readonly o: Style;
  readonly e: Style;
}

interface Chunk {
  readonly lines: readonly Line[];
  readonly shown: readonly ShownLine[];
  readonly begin: Styles;
  readonly end: Styles;
}

const UNCOLOURED: Styles = { o: PLAIN, e: PLAIN };
/** Chunks that are kept; those used longest ago go first. */
const KEPT_CHUNKS = 24;
const AT_ONCE = 4;
/** Lines before a chunk that stands alone, which are read with it: they say what colours it begins with. */
export const LEAD_LINES = 200;

/**
 * @param read gives the lines from `offset` on, at most `limit`
 * @param changed told when more can be shown
 */
export class LogSource {
  private readonly chunks = new Map<number, Chunk>();
  private readonly reading = new Set<number>();
  private wanted: number[] = [];
  private failed: Error | null = null;
  private closed = false;

  constructor(
    private readonly read: (offset: number, limit: number) => Promise<readonly Line[]>,
    private readonly changed: () => void,
  ) {}

  /** Why lines are missing; null if nothing went wrong. */
  get error(): Error | null {
    return this.failed;
  }

  /** Nobody looks any more. */
  close(): void {
    this.closed = true;
  }

  /** A line that has been fetched; undefined if it has not. */
  line(number: number): ShownLine | undefined {
    return this.chunks.get(Math.floor(number / CHUNK_LINES))?.shown[number % CHUNK_LINES];
  }

  /** See to it that the lines of these pieces are fetched, and again where a chunk has grown; what is asked for last comes first. */
  want(pieces: readonly (readonly [first: number, end: number])[], total: number): void {
    const chunks = new Set(pieces.flatMap(([first, end]) => chunksOf(first, Math.min(end, total))));
    this.wanted = [...chunks].filter((chunk) => {
      const known = this.chunks.get(chunk);
      return !known || known.lines.length < Math.min(CHUNK_LINES, total - chunk * CHUNK_LINES);
    });
    this.pump();
  }

  /** After an error: try again. */
  retry(): void {
    this.failed = null;
    this.pump();
  }

  private pump(): void {
    for (const chunk of this.wanted) {
      if (this.failed || this.reading.size >= AT_ONCE) return;
      if (this.reading.has(chunk)) continue;
      this.reading.add(chunk);
      void this.fetch(chunk);
    }
  }

  private async fetch(chunk: number): Promise<void> {
    // what is known of a chunk that grows is not fetched again
    const before = this.chunks.get(chunk)?.lines ?? [];
    const begin = chunk * CHUNK_LINES;
    const lead = before.length || this.chunks.has(chunk - 1) ? 0 : Math.min(LEAD_LINES, begin);
    try {
      const lines = await this.read(begin - lead + before.length, CHUNK_LINES + lead - before.length);
      if (this.closed) return;
      const assumed = lead ? coloured(lines.slice(0, lead), UNCOLOURED).end : this.chunks.get(chunk)?.begin;
      if (lines.length > lead) this.put(chunk, [...before, ...lines.slice(lead)], assumed);
      this.wanted = this.wanted.filter((one) => one !== chunk);
    } catch (error) {
      this.failed = error instanceof Error ? error : new Error(String(error));
    } finally {
      this.reading.delete(chunk);
    }
    if (this.closed) return;
    this.changed();
    this.pump();
  }

  /** @param begin the colours it begins with, where the chunk before it is not there to tell */
  private put(number: number, lines: readonly Line[], begin: Styles = UNCOLOURED): void {
    this.chunks.delete(number);
    this.chunks.set(number, coloured(lines, this.chunks.get(number - 1)?.end ?? begin));
    // colours that a chunk begins with become known when the one before it comes
    for (let next = number + 1; ; next++) {
      const begin = this.chunks.get(next - 1)?.end;
      const known = this.chunks.get(next);
      if (!begin || !known || same(known.begin, begin)) break;
      this.chunks.set(next, coloured(known.lines, begin));
    }
    for (const oldest of this.chunks.keys()) {
      if (this.chunks.size <= KEPT_CHUNKS) break;
      if (oldest !== number) this.chunks.delete(oldest);
    }
  }
}

function same(one: Styles, other: Styles): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function coloured(lines: readonly Line[], begin: Styles): Chunk {
  let styles = begin;
  const shown = lines.map(({ stream, text }): ShownLine => {
    if (stream === "h") return { stream, text, segments: parseAnsi(text, PLAIN).segments };
    const { segments, style } = parseAnsi(text, styles[stream]);
    styles = { ...styles, [stream]: style };
    return { stream, text, segments };
  });
  return { lines, shown, begin, end: styles };
}
