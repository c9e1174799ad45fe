/** A log: millions of lines, of which those in sight are fetched; live, searchable, with links to lines. */

import { getRouteApi, Link, useNavigate, useRouterState } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useEffect, useLayoutEffect, useMemo, useReducer, useRef, useState, type FormEvent, type MouseEvent, type ReactNode } from "react";
import type { Build, Builder, Log, LogChunk, LogHit, LogTimes, Step } from "../api/schema";
import { addressOf, getOne, patiently, streamRows } from "../api/client";
import { config } from "../api/config";
import { useOne } from "../api/queries";
import { CHUNK_LINES, WINDOW_LINES, formatRange, parseRange, splitLines, windowAround, type LineRange } from "../lib/lines";
import { LogSource } from "../lib/logSource";
import { mergeLog } from "../lib/merge";
import { lookOf } from "../lib/results";
import { LineTimes, WAYS, timeText, type Way } from "../lib/lineTimes";
import { nextHit, searchLog, type SearchState } from "../lib/search";
import { ANYWHERE, SURE, weightOf } from "../lib/telling";
import { BuilderLink, BuildLink, Document, Empty, Mark, useTitle } from "../parts/basics";
import { Text } from "../parts/Excerpt";
import { Hits } from "../parts/log/Hits";
import { Selection } from "../parts/log/Selection";
import { useSections } from "../parts/log/useSections";
import { settings } from "../parts/settings";
import { text } from "../text";

const route = getRouteApi("/builders/$builder/builds/$number/steps/$step/logs/$log");
const LINE_PX = 20;
/** Where the list is moved on when the reader comes so near to its end. */
const EDGE_LINES = 200;
const HITS = 1_000;

export default function LogPage(): ReactNode {
  const { builder, number, step, log } = route.useParams();
  const base = `builders/${encodeURIComponent(builder)}/builds/${encodeURIComponent(number)}/steps/${encodeURIComponent(step)}`;
  const [id, setId] = useState<number | null>(null);
  const [isOver, setOver] = useState(false);
  const events = id === null || isOver ? [] : [`logs/${id}/append`, `logs/${id}/finished`];
  const query = useOne<Log>(`${base}/logs/${encodeURIComponent(log)}`, { events, merge: mergeLog });
  const found = query.data;
  useEffect(() => {
    if (!found) return;
    setId(found.logid);
    setOver(found.complete);
  }, [found]);
  const of = { builder: useOne<Builder>(`builders/${encodeURIComponent(builder)}`).data, build: useOne<Build>(base.replace(/\/steps\/.*$/, "")).data, step: useOne<Step>(base).data };
  useTitle(`${found?.name ?? log} · ${of.step?.name ?? step} · ${of.builder?.name ?? builder} #${number} · ${config().title}`);
  return (
    <div className="log-page">
      <nav aria-label={text.nav.breadcrumbs} className="crumbs">
        {of.builder && <BuilderLink id={of.builder.builderid}>{of.builder.name}</BuilderLink>}
        <span aria-hidden="true">/</span>
        {of.build ? (
          <BuildLink builder={of.build.builderid} number={of.build.number}>
            {text.common.number(of.build.number)}
          </BuildLink>
        ) : (
          <span>{text.common.number(Number(number))}</span>
        )}
        <span aria-hidden="true">/</span>
        {of.step && (
          <Link to="/builders/$builder/builds/$number" params={{ builder, number }} hash={`step-${of.step.number}`}>
            <Mark look={lookOf(of.step.results)} /> {of.step.name}
          </Link>
        )}
        <span aria-hidden="true">/</span>
        <h1>{found?.name ?? log}</h1>
      </nav>
      <Document query={query}>{(data) => <Viewer key={data.logid} log={data} place={`${builder}/${of.step?.name ?? step}/${data.slug}`} />}</Document>
    </div>
  );
}

interface Search extends SearchState<LogHit> {
  /** Of the hit that is shown; -1: none yet. */
  readonly line: number;
  readonly query: string;
}

/** What a question leaves out. */
type Keep = (hit: LogHit) => boolean;
const ERRORS = "errors";

/** @param place of the log among all, for what is remembered of it */
function Viewer({ log, place }: { log: Log; place: string }): ReactNode {
  const total = log.num_lines;
  const sections = useSections(log, place);
  const { visible } = sections;
  const { rows } = visible;
  const hash = useRouterState({ select: (state) => state.location.hash });
  const path = useRouterState({ select: (state) => state.location.pathname });
  const range = useMemo(() => parseRange(hash), [hash]);
  const navigate = useNavigate();
  const [drawn, redraw] = useReducer((n: number) => n + 1, 0);
  const [source, setSource] = useState<LogSource | null>(null);
  useEffect(() => {
    const read = async (offset: number, limit: number) => {
      const chunk = await patiently(() => getOne<LogChunk>(`logs/${log.logid}/contents?offset=${offset}&limit=${limit}`));
      return splitLines(chunk.content, log.type === "s");
    };
    const made = new LogSource(read, redraw);
    setSource(made);
    return () => made.close();
  }, [log.logid, log.type]);
  const [way, setWay] = useState<Way>("none");
  const times = useMemo(
    () => new LineTimes(async (offset, limit) => (await patiently(() => getOne<LogTimes>(`logs/${log.logid}/times?offset=${offset}&limit=${limit}`))).times, redraw),
    [log.logid],
  );

  // -- where the list is ---------------------------------------------------------------
  const scroller = useRef<HTMLDivElement>(null);
  const [base, setBase] = useState(() => windowAround(range ? range.first - 1 : log.complete ? 0 : total, total));
  const [wraps, setWraps] = useState(settings()["Log.wrap_lines"]);
  const [follows, setFollows] = useState(!log.complete && !range);
  const [seen, setSeen] = useState(total); // lines there were when the end was last in sight
  const count = Math.max(0, Math.min(WINDOW_LINES, rows - base));
  const list = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => LINE_PX,
    overscan: 20,
  });
  const target = useRef<{ line: number; align: "center" | "start" | "end" } | null>(range ? { line: range.first - 1, align: "center" } : null);
  // on the way to it, lines that come into sight are not worth a request
  const landing = useRef<number | null>(null);
  const latest = useRef(sections);
  useLayoutEffect(() => {
    latest.current = sections;
  });
  // where somebody went before it was known what is shut
  const unrevealed = useRef(range ? range.first - 1 : null);
  const goTo = useCallback((line: number, align: "center" | "start" | "end" = "center") => {
    target.current = { line, align };
    unrevealed.current = latest.current.folds.length === 0 ? line : null;
    latest.current.reveal(line);
    redraw();
  }, []);
  // what is shut or opened does not move the line at the top; before the next effect, which ends the way to a line
  const top = useRef(0);
  const hiddenBefore = useRef(sections.hiddenKey);
  useLayoutEffect(() => {
    if (hiddenBefore.current === sections.hiddenKey) return;
    hiddenBefore.current = sections.hiddenKey;
    if (target.current || follows) return;
    target.current = { line: top.current, align: "start" };
    redraw();
  });
  useLayoutEffect(() => {
    const wanted = target.current;
    if (!wanted || rows === 0) return;
    const row = visible.rowOf(wanted.line);
    if (row < base || row >= base + count) {
      setBase(windowAround(row, rows));
      return;
    }
    target.current = null;
    landing.current = row;
    list.scrollToIndex(row - base, { align: wanted.align });
  }, [drawn, rows, visible, base, count, list]);
  useEffect(() => {
    list.measure();
  }, [wraps, list]);

  // -- following ------------------------------------------------------------------------
  useLayoutEffect(() => {
    if (!follows || count === 0) return;
    setSeen(total);
    if (base + WINDOW_LINES < rows) goTo(total - 1, "end");
    else list.scrollToIndex(count - 1, { align: "end" });
  }, [follows, total, rows, base, count, list, goTo]);
  const touched = useRef(0);
  const onScroll = (): void => {
    const element = scroller.current;
    if (!element) return;
    const below = element.scrollHeight - element.scrollTop - element.clientHeight;
    const isAtEnd = below < LINE_PX * 2 && base + count >= rows;
    if (isAtEnd) setSeen(total);
    // only the reader's own hand ends following, and begins it again at the end
    const isByHand = Date.now() - touched.current < 800;
    if (isByHand && !log.complete) setFollows(isAtEnd);
    const first = list.getVirtualItemForOffset(element.scrollTop)?.index ?? 0;
    const last = list.getVirtualItemForOffset(element.scrollTop + element.clientHeight)?.index ?? 0;
    if (target.current) return;
    top.current = visible.lineAt(base + first);
    if (follows) return;
    if (base > 0 && first < EDGE_LINES) shift(windowAround(base + first, rows), first);
    else if (base + count < rows && last > count - EDGE_LINES) shift(windowAround(base + first, rows), first);
  };
  const shift = (next: number, first: number): void => {
    if (next === base) return;
    target.current = { line: visible.lineAt(base + first), align: "start" };
    setBase(next);
  };
  const touch = (): void => {
    landing.current = null;
    touched.current = Date.now();
  };

  // -- fetching --------------------------------------------------------------------------
  const items = list.getVirtualItems();
  const firstRow = base + (items[0]?.index ?? 0);
  const endRow = base + (items[items.length - 1]?.index ?? -1) + 1;
  const first = visible.lineAt(firstRow);
  const end = endRow > firstRow ? visible.lineAt(endRow - 1) + 1 : first;
  useEffect(() => {
    const goal = landing.current;
    if (goal !== null && (goal < firstRow || goal >= endRow)) return;
    landing.current = null;
    source?.want(visible.pieces(firstRow - CHUNK_LINES / 4, endRow + CHUNK_LINES / 4), total);
    if (way !== "none") for (const [from, to] of visible.pieces(firstRow, endRow)) times.want(Math.max(0, from - 1), to, total);
  }, [source, times, way, visible, firstRow, endRow, total]);

  // -- searching --------------------------------------------------------------------------
  const [search, setSearch] = useState<Search | null>(null);
  const [problem, setProblem] = useState("");
  const box = useRef<HTMLInputElement>(null);
  const searching = useRef<AbortController | null>(null);
  useEffect(() => () => searching.current?.abort(), []);
  const [isListed, setListed] = useState(false);
  const show = (hit: LogHit | undefined): void => {
    if (!hit) return;
    setFollows(false);
    setSearch((before) => before && { ...before, line: hit.line });
    goTo(hit.line);
  };
  const find = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const query = String(form.get("q") ?? "");
    if (query && search?.query === keyOf(form)) {
      step(1);
      return;
    }
    const flags = `${form.get("caseless") ? "&ignore_case=1" : ""}${form.get("regex") ? "&regex=1" : ""}`;
    await look(query, flags, keyOf(form));
  };
  const look = async (query: string, flags: string, key: string, keep: Keep = () => true): Promise<void> => {
    searching.current?.abort();
    setProblem("");
    setSearch(null);
    if (!query) return;
    const { signal } = (searching.current = new AbortController());
    const read = async (from: number, take: (hits: readonly LogHit[]) => boolean): Promise<boolean> => {
      const path = `logs/${log.logid}/search?q=${encodeURIComponent(query)}&limit=${HITS}&offset=${from}${flags}`;
      const meta = await streamRows<LogHit>(path, signal, (hits) => take(hits.filter(keep)));
      return meta?.["next"] === null;
    };
    let isFirst = true;
    try {
      await searchLog(read, first, (state) => {
        if (signal.aborted) return;
        setSearch((before) => ({ ...state, line: before?.line ?? -1, query: key }));
        if (!isFirst || !state.hits.length) return;
        isFirst = false;
        show(state.hits.find((hit) => hit.line >= first) ?? state.hits[0]);
      });
    } catch (error) {
      if (!signal.aborted) setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  const step = (by: 1 | -1): void => show(search ? nextHit(search.hits, search.line, by) : undefined);
  /** The next line that surely says what is wrong, or the one before. */
  const stepError = (by: 1 | -1): void => {
    if (search?.query === ERRORS) step(by);
    else void look(ANYWHERE, "&regex=1&stream=oe", ERRORS, (hit) => weightOf({ stream: hit.stream === "e" ? "e" : "o", text: hit.text }) >= SURE);
  };
  /** The next section, or the one before. */
  const stepSection = (by: 1 | -1): void => {
    const here = top.current;
    const { folds } = sections;
    const next = by > 0 ? folds.find(({ start }) => start > here) : folds.findLast(({ start }) => start < here);
    if (!next) return;
    setFollows(false);
    goTo(next.start, "start");
    top.current = next.start;
  };
  const toggleHere = (): void => {
    const here = range ? range.first - 1 : top.current;
    const fold = sections.at(here) ?? sections.folds.findLast(({ start, end: last }) => start <= here && here < last);
    if (fold) sections.toggle(fold);
  };
  const hitLines = useMemo(() => new Map(search?.hits.map((hit) => [hit.line, hit]) ?? []), [search?.hits]);

  // -- links to lines ------------------------------------------------------------------------
  const select = (event: MouseEvent, line: number): void => {
    event.preventDefault();
    const next: LineRange = event.shiftKey && range ? { first: Math.min(range.first, line), last: Math.max(range.first, line) } : { first: line, last: line };
    setFollows(false);
    void navigate({ to: ".", hash: formatRange(next), replace: true, resetScroll: false, hashScrollIntoView: false });
  };
  const shownRange = useRef(hash);
  useEffect(() => {
    if (shownRange.current === hash) return;
    shownRange.current = hash;
    const wanted = parseRange(hash);
    const line = (wanted?.first ?? 0) - 1;
    const isInSight = wanted && line >= first && line < end && visible.lineAt(visible.rowOf(line)) === line;
    if (wanted && !isInSight) goTo(line);
  }, [hash, first, end, visible, goTo]);
  useEffect(() => {
    const line = unrevealed.current;
    if (line === null || sections.folds.length === 0) return;
    unrevealed.current = null;
    if (visible.lineAt(visible.rowOf(line)) !== line) goTo(line);
  }, [sections.folds, visible, goTo]);

  // -- keys -------------------------------------------------------------------------------------
  const actions = useRef<Record<string, () => void>>({});
  useEffect(() => {
    actions.current = {
      "/": () => box.current?.focus(),
      n: () => step(1),
      N: () => step(-1),
      f: () => !log.complete && setFollows((before) => !before),
      w: () => setWraps((before) => !before),
      t: () => setWay((before) => WAYS[(WAYS.indexOf(before) + 1) % WAYS.length] ?? "none"),
      l: () => setListed((before) => !before),
      e: () => stepError(1),
      E: () => stepError(-1),
      "]": () => stepSection(1),
      "[": () => stepSection(-1),
      z: toggleHere,
      Z: () => sections.toggleAll(),
      Home: () => {
        setFollows(false);
        goTo(0, "start");
      },
      End: () => goTo(total - 1, "end"),
    };
  });
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const isTyping = event.target instanceof HTMLElement && /^(?:INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
      if (isTyping || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
      const action = actions.current[event.key];
      if (!action) return;
      event.preventDefault();
      action();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);

  const digits = String(Math.max(total, 1)).length;
  const current = search?.line;
  return (
    <>
      <div className="toolbar log-tools">
        <form role="search" onSubmit={(event) => void find(event)}>
          <input ref={box} type="search" name="q" aria-label={text.log.search} placeholder={text.log.search} aria-keyshortcuts="/" {...(problem ? { "aria-invalid": true, "aria-describedby": "log-search-problem" } : {})} />
          <label className="check" title={text.log.caseless}>
            <input type="checkbox" name="caseless" defaultChecked /> aA
          </label>
          <label className="check" title={text.log.regex}>
            <input type="checkbox" name="regex" /> .*
          </label>
          <button type="button" className="quiet" onClick={() => step(-1)} disabled={!search?.hits.length} aria-label={text.log.previous}>
            ↑
          </button>
          <button type="button" className="quiet" onClick={() => step(1)} disabled={!search?.hits.length} aria-label={text.log.next}>
            ↓
          </button>
          <span role="status" className="muted">
            {problem ? <span id="log-search-problem" className="error">{problem}</span> : search && text.log.hits(search.hits.findIndex((hit) => hit.line === search.line) + 1, search.hits.length, search)}
          </span>
          {search !== null && search.hits.length > 0 && (
            <button type="button" aria-pressed={isListed} aria-keyshortcuts="l" onClick={() => setListed(!isListed)}>
              {text.log.list}
            </button>
          )}
          <button type="button" aria-keyshortcuts="e" onClick={() => stepError(1)}>
            {text.log.nextError}
          </button>
        </form>
        <span className="muted grow">
          {text.log.lines(total)}
          {!log.complete && `, ${text.log.growing}`}
        </span>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            const line = Number(new FormData(event.currentTarget).get("line"));
            if (line >= 1 && line <= total) void navigate({ to: ".", hash: formatRange({ first: line, last: line }), replace: true, resetScroll: false, hashScrollIntoView: false });
            setFollows(false);
          }}
        >
          <input name="line" type="number" min={1} max={total} aria-label={text.log.goto} placeholder={text.log.goto} className="goto" />
        </form>
        <button type="button" className="quiet" onClick={() => actions.current["Home"]?.()} aria-label={text.log.top}>
          ⤒
        </button>
        <button type="button" className="quiet" onClick={() => actions.current["End"]?.()} aria-label={text.log.bottom}>
          ⤓
        </button>
        {!log.complete && (
          <button type="button" aria-pressed={follows} onClick={() => setFollows(!follows)}>
            {text.log.follow}
          </button>
        )}
        <button type="button" aria-pressed={wraps} onClick={() => setWraps(!wraps)}>
          {text.log.wrap}
        </button>
        <select className="times" aria-label={text.log.times} aria-keyshortcuts="t" value={way} onChange={(event) => setWay(event.target.value as Way)}>
          {WAYS.map((one) => (
            <option key={one} value={one}>
              {text.log.ways[one]}
            </option>
          ))}
        </select>
        {sections.ask && (
          <button type="button" onClick={sections.ask}>
            {text.log.findSections}
          </button>
        )}
        {sections.folds.length > 0 && (
          <button type="button" aria-keyshortcuts="Z" onClick={sections.toggleAll}>
            {sections.folds.some((fold) => !sections.isShut(fold)) ? text.log.shutAll : text.log.openAll}
          </button>
        )}
        <a className="button" href={addressOf(`api/v2/logs/${log.logid}/raw_inline`)} target="_blank" rel="noopener">
          {text.log.raw}
        </a>
        <a className="button" href={addressOf(`api/v2/logs/${log.logid}/raw`)} download>
          {text.log.download}
        </a>
      </div>
      {source?.error && (
        <p role="alert" className="error">
          {source.error.message}{" "}
          <button type="button" onClick={() => source.retry()}>
            {text.common.again}
          </button>
        </p>
      )}
      {total === 0 && <Empty>{text.log.empty}</Empty>}
      {range && <Selection key={hash} log={log} range={range} onEnd={() => void navigate({ to: ".", hash: "", replace: true, resetScroll: false, hashScrollIntoView: false })} />}
      {isListed && search !== null && search.hits.length > 0 && <Hits hits={search.hits} current={search.line} onOpen={show} />}
      <div
        ref={scroller}
        className={`log ${wraps ? "wraps" : ""} ${sections.folds.length > 0 ? "has-folds" : ""} digits-${Math.min(9, digits)}`}
        role="region"
        aria-label={text.log.label}
        tabIndex={0}
        onScroll={onScroll}
        onWheel={touch}
        onPointerDown={touch}
        onTouchMove={touch}
        onKeyDown={touch}
      >
        <div className="log-lines" style={{ height: list.getTotalSize() }}>
          {items.map((item) => {
            const number = visible.lineAt(base + item.index);
            const line = source?.line(number);
            const fold = sections.at(number);
            const isShut = fold !== undefined && sections.isShut(fold);
            const isSelected = range !== null && number + 1 >= range.first && number + 1 <= range.last;
            const hit = hitLines.get(number);
            const classes = ["log-line", line?.stream ?? "o", isSelected ? "selected" : "", hit ? "hit" : "", number === current ? "current" : ""];
            return (
              <div
                key={item.key}
                data-index={item.index}
                ref={wraps ? list.measureElement : undefined}
                className={classes.join(" ")}
                style={{ transform: `translateY(${item.start}px)` }}
              >
                <a className="number" data-n={number + 1} href={`#${path}#L${number + 1}`} aria-label={`${text.log.goto} ${number + 1}`} tabIndex={-1} onClick={(event) => select(event, number + 1)} />
                {way !== "none" && <span className="line-time">{timeText(times, number, way)}</span>}
                {fold && (
                  <button type="button" className="fold-button" aria-expanded={!isShut} aria-label={text.log.section(fold.title, fold.end - fold.start - 1)} onClick={() => sections.toggle(fold)}>
                    {isShut ? "▸" : "▾"}
                  </button>
                )}
                {line?.stream === "e" && <span className="visually-hidden">{text.log.stderr}: </span>}
                <Text segments={line?.segments ?? []} />
                {isShut && <span className="muted small fold-count">{text.log.hiddenLines(fold.end - fold.start - 1)}</span>}
              </div>
            );
          })}
        </div>
      </div>
      {!follows && !log.complete && total > seen && (
        <button type="button" className="new-lines primary" onClick={() => setFollows(true)}>
          {text.log.newLines(total - seen)}
        </button>
      )}
    </>
  );
}

function keyOf(form: FormData): string {
  return JSON.stringify([...form.entries()]);
}
