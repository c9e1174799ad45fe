import { describe, expect, it } from "vitest";
import { CHUNK_LINES, type Line } from "./lines";
import { LEAD_LINES, LogSource } from "./logSource";

const settled = () => new Promise((resolve) => setTimeout(resolve));

/** A log in memory that remembers what was asked for. */
class Served {
  asked: [number, number][] = [];
  broken = false;
  constructor(public lines: Line[]) {}
  read = (offset: number, limit: number): Promise<readonly Line[]> => {
    this.asked.push([offset, limit]);
    return this.broken ? Promise.reject(new Error("gone")) : Promise.resolve(this.lines.slice(offset, offset + limit));
  };
}

const numbered = (count: number): Line[] => Array.from({ length: count }, (_, i) => ({ stream: "o", text: `line ${i}` }));

describe("a log that is looked at", () => {
  it("is fetched where it is looked at only", async () => {
    const log = new Served(numbered(20_000));
    const source = new LogSource(log.read, () => undefined);

    source.want([[15_000, 15_050]], 20_000);
    await settled();

    expect(log.asked).toEqual([[15_000 - LEAD_LINES, CHUNK_LINES + LEAD_LINES]]);
    expect(source.line(15_007)?.text).toBe("line 15007");
    expect(source.line(7)).toBeUndefined();
  });

  it("is not fetched twice, and where it grows only what is new", async () => {
    const log = new Served(numbered(10));
    const source = new LogSource(log.read, () => undefined);
    source.want([[0, 50]], 10);
    await settled();
    source.want([[0, 50]], 10);
    await settled();
    log.lines = numbered(12);

    source.want([[0, 50]], 12);
    await settled();

    expect(log.asked).toEqual([[0, CHUNK_LINES], [10, CHUNK_LINES - 10]]);
    expect(source.line(11)?.text).toBe("line 11");
  });

  it("says what went wrong, and tries again when told to", async () => {
    const log = new Served(numbered(10));
    log.broken = true;
    const source = new LogSource(log.read, () => undefined);
    source.want([[0, 5]], 10);
    await settled();
    expect(source.error?.message).toBe("gone");
    log.broken = false;

    source.retry();
    await settled();

    expect(source.line(0)?.text).toBe("line 0");
  });
});

describe("colours", () => {
  const red = "\x1b[31m";

  it("go on in the next chunk, whichever came first", async () => {
    const lines = numbered(CHUNK_LINES + 5);
    lines[3] = { stream: "o", text: `${red}red` };
    expect(CHUNK_LINES - LEAD_LINES).toBeGreaterThan(3);
    const source = new LogSource(new Served(lines).read, () => undefined);
    source.want([[CHUNK_LINES, CHUNK_LINES + 5]], lines.length);
    await settled();
    expect(source.line(CHUNK_LINES)?.segments[0]?.className).toBe("");

    source.want([[0, 5]], lines.length);
    await settled();

    expect(source.line(CHUNK_LINES)?.segments[0]?.className).toBe("fg-red");
  });

  it("are those of the lines before, wherever somebody begins to read", async () => {
    const lines = numbered(3 * CHUNK_LINES);
    lines[2 * CHUNK_LINES - 7] = { stream: "o", text: `${red}red` };
    lines[2 * CHUNK_LINES + 2] = { stream: "o", text: "\x1b[0mplain" };
    const log = new Served(lines);
    const source = new LogSource(log.read, () => undefined);

    source.want([[2 * CHUNK_LINES, 2 * CHUNK_LINES + 5]], lines.length);
    await settled();

    expect([0, 1, 2].map((i) => source.line(2 * CHUNK_LINES + i)?.segments[0]?.className)).toEqual(["fg-red", "fg-red", ""]);
    expect(source.line(2 * CHUNK_LINES - 1)).toBeUndefined();
    expect(log.asked.length).toBe(1);
  });

  it("of stdout are not those of stderr, nor of headers", async () => {
    const lines: Line[] = [{ stream: "o", text: `${red}a` }, { stream: "e", text: "b" }, { stream: "h", text: "c" }, { stream: "o", text: "d" }];
    const source = new LogSource(new Served(lines).read, () => undefined);
    source.want([[0, 4]], 4);
    await settled();

    expect([0, 1, 2, 3].map((i) => source.line(i)?.segments[0]?.className)).toEqual(["fg-red", "", "", "fg-red"]);
  });
});
