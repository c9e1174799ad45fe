/** Lines of a log in the middle of a page. */

import { Link } from "@tanstack/react-router";
import { useQuery } from "@tanstack/react-query";
import { useMemo, type ReactNode } from "react";
import type { Build, Log, LogChunk, LogHit, Step } from "../api/schema";
import { getOne, getRows } from "../api/client";
import { PLAIN, parseAnsi, plainText, type Segment } from "../lib/ansi";
import { hintOf, type Witness } from "../lib/cause";
import { splitLines, type Line } from "../lib/lines";
import { ANYWHERE, excerptAround, SURE, tellingLine, weightOf } from "../lib/telling";
import { text } from "../text";
import { Loading } from "./basics";
import { useSetting } from "./settings";

/** So much of the end is looked at for the line that matters. */
const TAIL_LINES = 1_000;
const BEFORE = 4;
const AFTER = 8;

interface Found {
  readonly log: Log;
  readonly lines: readonly Line[];
  /** Number of the first of `lines`, from 0. */
  readonly first: number;
  /** Index of the line that matters; -1: there is none. */
  readonly at: number;
  readonly weight: number;
}

/** The line that matters most among several logs; those behind one that says it surely are not read. */
async function findTelling(among: readonly Witness[], signal: AbortSignal): Promise<Found | null> {
  let best: Found | null = null;
  for (const witness of among) {
    const found = await findIn(witness, signal);
    if (best === null || found.weight > best.weight || best.at < 0) best = found;
    if (best.weight >= SURE) break;
  }
  return best;
}

async function findIn(witness: Witness, signal: AbortSignal): Promise<Found> {
  const { log } = witness;
  const first = Math.max(0, log.num_lines - TAIL_LINES);
  const lines = await readLines(log, first, TAIL_LINES, signal);
  const { at, weight } = tellingLine(lines, witness);
  const elsewhere = first > 0 && weight < SURE ? await findAnywhere(log, signal) : null;
  if (elsewhere && elsewhere.weight > weight) return elsewhere;
  const [from, to] = excerptAround(at, lines.length, BEFORE, AFTER);
  return { log, lines: lines.slice(from, to), first: first + from, at: at < 0 ? at : at - from, weight };
}

/** The heaviest of the first lines in the whole log that look like a reason. */
async function findAnywhere(log: Log, signal: AbortSignal): Promise<Found | null> {
  const asked = `q=${encodeURIComponent(ANYWHERE)}&regex=1&stream=oe&limit=50&context=${AFTER}`;
  const hits = await getRows<LogHit>(`logs/${log.logid}/search?${asked}`, signal);
  const [heaviest] = hits.map((hit) => ({ hit, weight: weightOf(lineOf(hit)) })).sort((a, b) => b.weight - a.weight);
  if (!heaviest || heaviest.weight < SURE) return null;
  const before = heaviest.hit.before.slice(-BEFORE);
  const lines = [...before, heaviest.hit, ...heaviest.hit.after].map(lineOf);
  return { log, lines, first: heaviest.hit.line - before.length, at: before.length, weight: heaviest.weight };
}

function lineOf({ stream, text: written }: { readonly stream: string; readonly text: string }): Line {
  return { stream: stream as Line["stream"], text: written };
}

async function readLines(log: Log, offset: number, limit: number, signal: AbortSignal): Promise<Line[]> {
  const chunk = await getOne<LogChunk>(`logs/${log.logid}/contents?offset=${offset}&limit=${limit}`, signal);
  return splitLines(chunk.content, log.type === "s");
}

/** The logs of a failed step, open at the line that matters. */
export function FailureExcerpt({ build, step, among }: { build: Build; step: Step; among: readonly Witness[] }): ReactNode {
  const query = useQuery({
    queryKey: ["telling", ...among.map(({ log }) => `${log.logid} ${log.num_lines}`)],
    queryFn: ({ signal }) => findTelling(among, signal),
  });
  if (query.error) return <p className="error">{query.error.message}</p>;
  if (query.data === undefined) return <Loading />;
  if (query.data === null || query.data.at < 0) return <p className="muted">{text.build.noOutput}</p>;
  const { log, lines, first, at } = query.data;
  const hint = lines.map((line) => line.stream === "h" && hintOf(plainText(line.text))).find((found) => !!found);
  return (
    <>
      <Lines lines={lines} first={first} marked={at} label={log.name} />
      {hint && <p className="note">{text.build.hints[hint]}</p>}
      <p className="buttons">
        <LogLink build={build} step={step} log={log} line={first + at + 1}>
          {text.build.showLog}
        </LogLink>
      </p>
    </>
  );
}

/** The last lines of a log that grows. */
export function LiveTail({ log }: { log: Log }): ReactNode {
  const shown = useSetting("LogPreview.loadlines");
  const query = useQuery({
    queryKey: ["tail", log.logid, log.num_lines, shown],
    queryFn: ({ signal }) => readLines(log, Math.max(0, log.num_lines - shown), shown, signal),
    placeholderData: (before) => before,
  });
  if (!query.data?.length) return null;
  return <Lines lines={query.data} first={Math.max(0, log.num_lines - query.data.length)} label={text.build.live} />;
}

export function LogLink({ build, step, log, line, children }: { build: Build; step: Step; log: Log; line?: number; children: ReactNode }): ReactNode {
  return (
    <Link
      to="/builders/$builder/builds/$number/steps/$step/logs/$log"
      params={{ builder: String(build.builderid), number: String(build.number), step: String(step.number), log: log.slug }}
      {...(line === undefined ? {} : { hash: `L${line}` })}
    >
      {children}
    </Link>
  );
}

function Lines({ lines, first, marked, label }: { lines: readonly Line[]; first: number; marked?: number; label: string }): ReactNode {
  const parsed = useMemo(() => {
    let style = PLAIN;
    return lines.map((line) => {
      const found = parseAnsi(line.text, style);
      style = found.style;
      return found.segments;
    });
  }, [lines]);
  return (
    <div className="excerpt" role="region" aria-label={label} tabIndex={0}>
      {lines.map((line, index) => (
        <div key={index} className={`log-line ${line.stream}${index === marked ? " telling" : ""}`}>
          <span className="number" data-n={first + index + 1} />
          <Text segments={parsed[index] ?? []} />
        </div>
      ))}
    </div>
  );
}

/** The text of a line. */
export function Text({ segments }: { segments: readonly Segment[] }): ReactNode {
  return (
    <code>
      {segments.map((segment, index) => (segment.className ? <span key={index} className={segment.className}>{segment.text}</span> : segment.text))}
    </code>
  );
}
