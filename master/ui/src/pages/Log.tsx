/** A log: millions of lines, of which those in sight are fetched; live, searchable, with links to lines. */

import { getRouteApi, Link, useNavigate, useRouterState } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useEffect, useLayoutEffect, useMemo, useReducer, useRef, useState, type FormEvent, type MouseEvent, type ReactNode } from "react";
import type { Build, Builder, Log, LogChunk, LogHit, Step } from "../api/schema";
import { addressOf, getOne, patiently, streamRows } from "../api/client";
import { config } from "../api/config";
import { useOne } from "../api/queries";
import { CHUNK_LINES, WINDOW_LINES, formatRange, parseRange, splitLines, windowAround, type LineRange } from "../lib/lines";
import { LogSource } from "../lib/logSource";
import { mergeLog } from "../lib/merge";
import { lookOf } from "../lib/results";
import { nextHit, searchLog, type SearchState } from "../lib/search";
import { BuilderLink, BuildLink, Document, Empty, Mark, useTitle } from "../parts/basics";
import { Text } from "../parts/Excerpt";
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
      <Document query={query}>{(data) => <Viewer key={data.logid} log={data} />}</Document>
    </div>
  );
}

interface Search extends SearchState<LogHit> {
  /** Of the hit that is shown; -1: none yet. */
  readonly line: number;
  readonly query: string;
}

function Viewer({ log }: { log: Log }): ReactNode {
  const total = log.num_lines;
  const hash = useRouterState({ select: (state) => state.location.hash });
  const path = useRouterState({ select: (state) => state.location.pathname });
  const range = useMemo(() => parseRange(hash), [hash]);
  const navigate = useNavigate();
  const [, redraw] = useReducer((n: number) => n + 1, 0);
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

  // -- where the list is ---------------------------------------------------------------
  const scroller = useRef<HTMLDivElement>(null);
  const [base, setBase] = useState(() => windowAround(range ? range.first - 1 : log.complete ? 0 : total, total));
  const [wraps, setWraps] = useState(settings()["Log.wrap_lines"]);
  const [follows, setFollows] = useState(!log.complete && !range);
  const [seen, setSeen] = useState(total); // lines there were when the end was last in sight
  const count = Math.min(WINDOW_LINES, total - base);
  const list = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => LINE_PX,
    overscan: 20,
  });
  const target = useRef<{ line: number; align: "center" | "start" | "end" } | null>(range ? { line: range.first - 1, align: "center" } : null);
  // on the way to it, lines that come into sight are not worth a request
  const landing = useRef<number | null>(null);
  const goTo = useCallback(
    (line: number, align: "center" | "start" | "end" = "center") => {
      target.current = { line, align };
      setBase((before) => (line >= before && line < before + WINDOW_LINES ? before : windowAround(line, total)));
      redraw();
    },
    [total],
  );
  useLayoutEffect(() => {
    const wanted = target.current;
    if (!wanted || count === 0 || wanted.line < base || wanted.line >= base + count) return;
    target.current = null;
    landing.current = wanted.line;
    list.scrollToIndex(wanted.line - base, { align: wanted.align });
  });
  useEffect(() => {
    list.measure();
  }, [wraps, list]);

  // -- following ------------------------------------------------------------------------
  useLayoutEffect(() => {
    if (!follows || count === 0) return;
    setSeen(total);
    if (base + WINDOW_LINES < total) goTo(total - 1, "end");
    else list.scrollToIndex(count - 1, { align: "end" });
  }, [follows, total, base, count, list, goTo]);
  const touched = useRef(0);
  const onScroll = (): void => {
    const element = scroller.current;
    if (!element) return;
    const below = element.scrollHeight - element.scrollTop - element.clientHeight;
    const isAtEnd = below < LINE_PX * 2 && base + count >= total;
    if (isAtEnd) setSeen(total);
    // only the reader's own hand ends following, and begins it again at the end
    const isByHand = Date.now() - touched.current < 800;
    if (isByHand && !log.complete) setFollows(isAtEnd);
    const first = list.getVirtualItemForOffset(element.scrollTop)?.index ?? 0;
    const last = list.getVirtualItemForOffset(element.scrollTop + element.clientHeight)?.index ?? 0;
    if (target.current || follows) return;
    if (base > 0 && first < EDGE_LINES) shift(windowAround(base + first, total), first);
    else if (base + count < total && last > count - EDGE_LINES) shift(windowAround(base + first, total), first);
  };
  const shift = (next: number, first: number): void => {
    if (next === base) return;
    target.current = { line: base + first, align: "start" };
    setBase(next);
  };
  const touch = (): void => {
    landing.current = null;
    touched.current = Date.now();
  };

  // -- fetching --------------------------------------------------------------------------
  const items = list.getVirtualItems();
  const first = base + (items[0]?.index ?? 0);
  const end = base + (items[items.length - 1]?.index ?? -1) + 1;
  useEffect(() => {
    const goal = landing.current;
    if (goal !== null && (goal < first || goal >= end)) return;
    landing.current = null;
    source?.want(Math.max(0, first - CHUNK_LINES / 4), end + CHUNK_LINES / 4, total);
  }, [source, first, end, total]);

  // -- searching --------------------------------------------------------------------------
  const [search, setSearch] = useState<Search | null>(null);
  const [problem, setProblem] = useState("");
  const box = useRef<HTMLInputElement>(null);
  const searching = useRef<AbortController | null>(null);
  useEffect(() => () => searching.current?.abort(), []);
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
    searching.current?.abort();
    setProblem("");
    setSearch(null);
    if (!query) return;
    const { signal } = (searching.current = new AbortController());
    const flags = `${form.get("caseless") ? "&ignore_case=1" : ""}${form.get("regex") ? "&regex=1" : ""}`;
    const read = async (from: number, take: (hits: readonly LogHit[]) => boolean): Promise<boolean> => {
      const path = `logs/${log.logid}/search?q=${encodeURIComponent(query)}&limit=${HITS}&offset=${from}${flags}`;
      const meta = await streamRows<LogHit>(path, signal, take);
      return meta?.["next"] === null;
    };
    let isFirst = true;
    try {
      await searchLog(read, first, (state) => {
        if (signal.aborted) return;
        setSearch((before) => ({ ...state, line: before?.line ?? -1, query: keyOf(form) }));
        if (!isFirst || !state.hits.length) return;
        isFirst = false;
        show(state.hits.find((hit) => hit.line >= first) ?? state.hits[0]);
      });
    } catch (error) {
      if (!signal.aborted) setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  const step = (by: 1 | -1): void => show(search ? nextHit(search.hits, search.line, by) : undefined);
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
    const isInSight = wanted && wanted.first - 1 >= first && wanted.first <= end;
    if (wanted && !isInSight) goTo(wanted.first - 1);
  }, [hash, first, end, goTo]);

  // -- keys -------------------------------------------------------------------------------------
  const actions = useRef<Record<string, () => void>>({});
  useEffect(() => {
    actions.current = {
      "/": () => box.current?.focus(),
      n: () => step(1),
      N: () => step(-1),
      f: () => !log.complete && setFollows((before) => !before),
      w: () => setWraps((before) => !before),
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
          <input ref={box} type="search" name="q" aria-label={text.log.search} placeholder={text.log.search} aria-keyshortcuts="/" />
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
            {problem ? <span className="error">{problem}</span> : search && text.log.hits(search.hits.findIndex((hit) => hit.line === search.line) + 1, search.hits.length, search)}
          </span>
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
      <div
        ref={scroller}
        className={`log ${wraps ? "wraps" : ""} digits-${Math.min(9, digits)}`}
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
            const number = base + item.index;
            const line = source?.line(number);
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
                {line?.stream === "e" && <span className="visually-hidden">{text.log.stderr}: </span>}
                <Text segments={line?.segments ?? []} />
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
