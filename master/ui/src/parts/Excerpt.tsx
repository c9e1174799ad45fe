/** Lines of a log in the middle of a page. */

import { Link } from "@tanstack/react-router";
import { useQuery } from "@tanstack/react-query";
import { useMemo, type ReactNode } from "react";
import type { Build, Log, LogChunk, LogHit, Step } from "../api/schema";
import { getOne, getRows } from "../api/client";
import { PLAIN, parseAnsi, type Segment } from "../lib/ansi";
import { splitLines, type Line } from "../lib/lines";
import { excerptAround, tellingLine, weightOf } from "../lib/telling";
import { text } from "../text";
import { Loading } from "./basics";

/** So much of the end is looked at for the line that matters. */
const TAIL_LINES = 1_000;
/** What the whole log is searched for where its end says nothing; RE2. */
const ANYWHERE = "(^|\\s)(fatal |internal )?error\\b[:\\[ ]|^\\S*(Error|Exception):|^E {2,}\\S|undefined reference|panic:|Segmentation fault";
const SURE = 70;

interface Found {
  readonly lines: readonly Line[];
  /** Number of the first of `lines`, from 0. */
  readonly first: number;
  /** Index of the line that matters. */
  readonly at: number;
}

async function findTelling(log: Log, signal: AbortSignal): Promise<Found> {
  const first = Math.max(0, log.num_lines - TAIL_LINES);
  const lines = await readLines(log, first, TAIL_LINES, signal);
  const at = tellingLine(lines);
  const line = lines[at];
  if (first > 0 && (line === undefined || weightOf(line) < SURE)) {
    const hits = await getRows<LogHit>(`logs/${log.logid}/search?q=${encodeURIComponent(ANYWHERE)}&regex=1&stream=oe&limit=50`, signal);
    const heaviest = hits
      .map((hit) => ({ hit, weight: weightOf({ stream: hit.stream as Line["stream"], text: hit.text }) }))
      .sort((a, b) => b.weight - a.weight)[0];
    if (heaviest && heaviest.weight >= SURE) {
      const begin = Math.max(0, heaviest.hit.line - 4);
      return { lines: await readLines(log, begin, 13, signal), first: begin, at: heaviest.hit.line - begin };
    }
  }
  const [from, to] = excerptAround(at, lines.length);
  return { lines: lines.slice(from, to), first: first + from, at: at - from };
}

async function readLines(log: Log, offset: number, limit: number, signal: AbortSignal): Promise<Line[]> {
  const chunk = await getOne<LogChunk>(`logs/${log.logid}/contents?offset=${offset}&limit=${limit}`, signal);
  return splitLines(chunk.content, log.type === "s");
}

/** The log of a failed step, open at the line that matters. */
export function FailureExcerpt({ build, step, log }: { build: Build; step: Step; log: Log }): ReactNode {
  const query = useQuery({
    queryKey: ["telling", log.logid, log.num_lines],
    queryFn: ({ signal }) => findTelling(log, signal),
  });
  if (query.error) return <p className="error">{query.error.message}</p>;
  if (!query.data) return <Loading />;
  const { lines, first, at } = query.data;
  if (at < 0) return <p className="muted">{text.build.noOutput}</p>;
  return (
    <>
      <Lines lines={lines} first={first} marked={at} label={log.name} />
      <p className="buttons">
        <LogLink build={build} step={step} log={log} line={first + at + 1}>
          {text.build.showLog}
        </LogLink>
      </p>
    </>
  );
}

const LIVE_LINES = 12;

/** The last lines of a log that grows. */
export function LiveTail({ log }: { log: Log }): ReactNode {
  const query = useQuery({
    queryKey: ["tail", log.logid, log.num_lines],
    queryFn: ({ signal }) => readLines(log, Math.max(0, log.num_lines - LIVE_LINES), LIVE_LINES, signal),
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
