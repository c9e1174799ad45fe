/** The waterfall: builds of all builders on one axis of time, the newest on top. */

import { getRouteApi, Link } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState, type FocusEvent, type KeyboardEvent, type PointerEvent, type ReactNode, type RefObject } from "react";
import type { TimedBuild } from "../api/schema";
import { config } from "../api/config";
import { MOST_NAMED, useBuilders, useTimedBuilds, type Growing } from "../api/views";
import { countTags, isWanted, tagsOf, type NamedBuilder, type ViewSearch } from "../lib/console";
import { SIGNS, lookOf } from "../lib/results";
import { formatClock, formatDay, formatDuration, formatInstant } from "../lib/time";
import { inSight, layoutOf, neighbourOf, type Block, type Direction, type Layout } from "../lib/waterfall";
import { BuilderLink, Document, Empty, Mark, useNow, useTitle } from "../parts/basics";
import { choose, useSetting } from "../parts/settings";
import { BuildCard, type Place } from "../parts/views/BuildCard";
import { Filters, Older } from "../parts/views/Filters";
import { text } from "../text";
import "./views.css";

const route = getRouteApi("/waterfall");
/** At scale 1: ten minutes are 60 pixels. */
const PX_PER_SECOND = 0.1;
const LEAST_PX = 22;
const AXIS_PX = 72;
const HEAD_PX = 52;
const WIDEST_PX = 260;
/** A block that is narrower tells no duration. */
const TOLD_PX = 70;
const ZOOM = 1.5;
/** Running builds grow in steps of so many seconds. */
const GROWTH_SECONDS = 5;
/** Scrolling draws anew after so many pixels. */
const STEP_PX = 400;
/** So near to the end older builds are fetched. */
const NEAR_PX = 600;

export default function Waterfall(): ReactNode {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const builders = useBuilders();
  const showsOld = useSetting("Waterfall.show_old_builders");
  const piece = useSetting("Waterfall.lazy_limit_waterfall");
  const present = useMemo(() => (builders.data ?? []).filter((one) => showsOld || one.masterids.length > 0).sort((a, b) => a.name.localeCompare(b.name)), [builders.data, showsOld]);
  const tags = tagsOf(search).join(",");
  const wanted = useMemo(() => present.filter((one) => isWanted(one, search.q ?? "", tagsOf({ tags }))), [present, search.q, tags]);
  const isFiltered = !!search.q || tags !== "";
  const named = isFiltered && wanted.length <= MOST_NAMED ? wanted.map((one) => one.builderid) : null;
  const builds = useTimedBuilds(named, piece, !isFiltered || (builders.data !== undefined && wanted.length > 0));
  const change = (next: ViewSearch): void => void navigate({ search: Object.fromEntries(Object.entries({ ...search, ...next }).filter(([, value]) => value)), replace: true });
  useTitle(`${text.waterfall.title} · ${config().title}`);
  return (
    <div className="view tall">
      <h1>{text.waterfall.title}</h1>
      <Document query={builders}>
        {() => (
          <>
            <Filters search={search} change={change} tags={countTags(present)} told={text.builders.shown(wanted.length, present.length)}>
              <Zoom />
            </Filters>
            {present.length === 0 ? <Empty>{text.builders.none}</Empty> : wanted.length === 0 ? <Empty>{text.builders.noMatch}</Empty> : <Document query={builds}>{() => <Falls builders={wanted} builds={builds} />}</Document>}
          </>
        )}
      </Document>
    </div>
  );
}

function Zoom(): ReactNode {
  const scale = useSetting("Waterfall.scaling_waterfall");
  return (
    <span className="buttons zoom" role="group" aria-label={text.waterfall.zoom}>
      <button type="button" aria-label={text.waterfall.out} title={text.waterfall.out} onClick={() => choose("Waterfall.scaling_waterfall", scale / ZOOM)}>
        −
      </button>
      <button type="button" aria-label={text.waterfall.in} title={text.waterfall.in} onClick={() => choose("Waterfall.scaling_waterfall", scale * ZOOM)}>
        +
      </button>
    </span>
  );
}

interface Shown {
  readonly build: TimedBuild;
  readonly place: Place;
}

function Falls({ builders, builds }: { builders: readonly NamedBuilder[]; builds: Growing<TimedBuild> }): ReactNode {
  const rows = useMemo(() => builds.data?.rows ?? [], [builds.data]);
  const showsEmpty = useSetting("Waterfall.show_builders_without_builds");
  const scale = useSetting("Waterfall.scaling_waterfall");
  const idleSeconds = useSetting("Waterfall.idle_threshold_waterfall");
  const names = useMemo(() => new Map(builders.map((one) => [one.builderid, one])), [builders]);
  const drawn = useMemo(() => rows.filter((build) => names.has(build.builderid)), [rows, names]);
  const now = useNow(drawn.some((build) => !build.complete));
  const growth = Math.ceil(now / GROWTH_SECONDS) * GROWTH_SECONDS;
  const layout = useMemo(() => layoutOf(drawn, { now: growth, pxPerSecond: PX_PER_SECOND * scale, idleSeconds, least: LEAST_PX }), [drawn, growth, scale, idleSeconds]);
  const columns = useMemo(() => builders.filter((one) => showsEmpty || layout.columns.has(one.builderid)), [builders, layout, showsEmpty]);
  if (columns.length === 0) {
    return (
      <>
        <Empty hint={text.front.firstBuild}>{text.waterfall.none}</Empty>
        <Older label={text.waterfall.older} next={builds.data?.next ?? null} more={builds.more} isReading={builds.isReading} problem={builds.problem} />
      </>
    );
  }
  return <Region columns={columns} layout={layout} builds={builds} />;
}

function Region({ columns, layout, builds }: { columns: readonly NamedBuilder[]; layout: Layout<TimedBuild>; builds: Growing<TimedBuild> }): ReactNode {
  const region = useRef<HTMLDivElement>(null);
  const least = useSetting("Waterfall.min_column_width_waterfall");
  const [width, setWidth] = useState(0);
  const [sight, setSight] = useState({ step: 0, height: 1_000 });
  const wide = Math.floor(Math.min(WIDEST_PX, Math.max(least, (width - AXIS_PX) / columns.length)));
  const list = useVirtualizer({ horizontal: true, count: columns.length, getScrollElement: () => region.current, estimateSize: () => wide, overscan: 3, paddingStart: AXIS_PX });
  useEffect(() => list.measure(), [list, wide]);
  useLayoutEffect(() => {
    const element = region.current;
    if (!element) return;
    const measure = (): void => {
      setWidth(element.clientWidth);
      setSight((before) => ({ ...before, height: element.clientHeight }));
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const { more, data } = builds;
  const next = data?.next ?? null;
  const anchor = useAnchor(region, layout);
  const [shown, setShown] = useState<Shown | null>(null);
  const onScroll = (): void => {
    const element = region.current;
    if (!element) return;
    anchor.keep();
    // who goes about with the keyboard has it scrolled; the mouse is on something else now
    const focused = document.activeElement;
    setShown((before) => (before && focused instanceof HTMLElement && focused.dataset["build"] === String(before.build.buildid) ? { ...before, place: placeOf(focused) } : null));
    const step = Math.floor(element.scrollTop / STEP_PX);
    setSight((before) => (before.step === step ? before : { ...before, step }));
    if (next !== null && element.scrollTop > 0 && element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_PX) more();
  };

  // -- keyboard: one stop of the Tab key, arrows go on from there ------------------------
  const order = useMemo(() => columns.map((one) => one.builderid), [columns]);
  const [current, setCurrent] = useState(0);
  const all = useMemo(() => new Map([...layout.columns.values()].flat().map((block) => [block.build.buildid, block])), [layout]);
  const first = all.has(current) ? current : (layout.columns.get(order.find((id) => layout.columns.has(id)) ?? -1)?.[0]?.build.buildid ?? 0);
  const wanted = useRef<number | null>(null);
  useEffect(() => {
    if (wanted.current === null) return;
    const element = region.current?.querySelector<HTMLElement>(`[data-build="${wanted.current}"]`);
    if (!element) return; // it is drawn when it has come into sight
    wanted.current = null;
    element.focus({ preventScroll: true });
  });
  const goTo = (block: Block<TimedBuild>): void => {
    const element = region.current;
    if (!element) return;
    const left = AXIS_PX + order.indexOf(block.build.builderid) * wide;
    element.scrollTo({
      left: left - AXIS_PX < element.scrollLeft ? left - AXIS_PX : Math.max(element.scrollLeft, left + wide - element.clientWidth),
      top: block.top < element.scrollTop ? block.top : Math.max(element.scrollTop, Math.min(block.top, block.top + HEAD_PX + Math.min(block.height, LEAST_PX * 2) - element.clientHeight)),
    });
    wanted.current = block.build.buildid;
    setCurrent(block.build.buildid);
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === "Escape") setShown(null);
    const id = Number((event.target as HTMLElement).dataset["build"] ?? "");
    const from = all.get(id)?.build;
    if (!from || !/^(?:Arrow(?:Up|Down|Left|Right)|Home|End)$/.test(event.key)) return;
    event.preventDefault();
    const to = neighbourOf(layout, order, from, event.key as Direction);
    const block = to && all.get(to.buildid);
    if (block) goTo(block);
  };
  const show = useCallback((build: TimedBuild, event: FocusEvent | PointerEvent): void => {
    setShown({ build, place: placeOf(event.currentTarget) });
  }, []);
  const hide = useCallback(() => setShown(null), []);

  const top = (sight.step - 1) * STEP_PX;
  const bottom = (sight.step + 2) * STEP_PX + sight.height;
  const within = ({ top: at }: { top: number }): boolean => at >= top && at <= bottom;
  const total = list.getTotalSize();
  const names = new Map(columns.map((one) => [one.builderid, one.name]));
  // the card follows what the build says
  const told = shown && { ...shown, build: all.get(shown.build.buildid)?.build ?? shown.build };
  return (
    <>
      <div ref={region} className="falls" role="region" aria-label={text.waterfall.title} aria-description={text.waterfall.keys} tabIndex={0} onScroll={onScroll} onKeyDown={onKey}>
        <div className="falls-heads" style={{ width: total, height: HEAD_PX }}>
          <div className="falls-corner" style={{ width: AXIS_PX }} />
          {list.getVirtualItems().map((item) => {
            const builder = columns[item.index];
            return builder && <Head key={builder.builderid} builder={builder} left={item.start} width={wide} blocks={layout.columns.get(builder.builderid)} />;
          })}
        </div>
        <div className="falls-field" style={{ width: total, height: Math.max(1, layout.height) }}>
          {layout.folds
            .filter((fold) => fold.top < bottom && fold.top + fold.height > top)
            .map((fold) => (
              <div key={fold.begin} className="falls-fold" style={{ top: fold.top, height: fold.height }}>
                <span title={`${formatInstant(fold.begin)} – ${formatInstant(fold.end)}`}>{text.waterfall.idle(formatDuration(fold.end - fold.begin))}</span>
              </div>
            ))}
          {layout.days.filter(within).map((day) => (
            <div key={day.at} className="falls-day" style={{ top: day.top }}>
              <span>{formatDay(day.at)}</span>
            </div>
          ))}
          <div className="falls-axis" style={{ width: AXIS_PX }}>
            {layout.ticks.filter(within).map((tick) => (
              <time key={tick.at} dateTime={new Date(tick.at * 1000).toISOString()} title={formatInstant(tick.at)} style={{ top: tick.top }}>
                {formatClock(tick.at)}
              </time>
            ))}
          </div>
          {list.getVirtualItems().map((item) => {
            const builder = columns[item.index];
            const blocks = builder && layout.columns.get(builder.builderid);
            return (
              builder && (
                <div key={builder.builderid} className="fall" style={{ left: item.start, width: wide }}>
                  {blocks &&
                    inSight(blocks, top, bottom).map((block) => (
                      <FallBuild
                        key={block.build.buildid}
                        block={block}
                        name={builder.name}
                        width={wide}
                        isStop={block.build.buildid === first}
                        isTold={told?.build.buildid === block.build.buildid}
                        onShow={show}
                        onHide={hide}
                      />
                    ))}
                </div>
              )
            );
          })}
        </div>
        <div className="falls-end">
          <Older label={text.waterfall.older} next={next} more={more} isReading={builds.isReading} problem={builds.problem} />
        </div>
      </div>
      {told && <BuildCard id={CARD} build={told.build} builder={names.get(told.build.builderid) ?? ""} place={told.place} />}
    </>
  );
}

const CARD = "build-card";

function placeOf(element: Element): Place {
  const { left, right, top } = element.getBoundingClientRect();
  return { left, right, top };
}

function Head({ builder, left, width, blocks }: { builder: NamedBuilder; left: number; width: number; blocks: readonly Block<TimedBuild>[] | undefined }): ReactNode {
  const last = blocks?.find((block) => block.build.complete)?.build;
  return (
    <div className="falls-head" style={{ left, width }}>
      {last && <Mark look={lookOf(last.results)} />}
      <span title={builder.name}>
        <BuilderLink id={builder.builderid}>{builder.name}</BuilderLink>
      </span>
    </div>
  );
}

interface FallProps {
  readonly block: Block<TimedBuild>;
  readonly name: string;
  readonly width: number;
  readonly isStop: boolean;
  readonly isTold: boolean;
  readonly onShow: (build: TimedBuild, event: FocusEvent | PointerEvent) => void;
  readonly onHide: () => void;
}

function FallBuild({ block, name, width, isStop, isTold, onShow, onHide }: FallProps): ReactNode {
  const { build, top, height, lane, lanes } = block;
  const hasGround = useSetting("Waterfall.number_background_waterfall");
  const look = lookOf(build.results);
  const took = build.complete_at === null ? "" : formatDuration(build.complete_at - build.started_at);
  const room = (width - 6) / lanes;
  return (
    <Link
      to="/builders/$builder/builds/$number"
      params={{ builder: String(build.builderid), number: String(build.number) }}
      className={`fall-build ${look}${hasGround ? " numbered" : ""}`}
      style={{ top, height: height - 2, left: 3 + lane * room, width: room - 2 }}
      data-build={build.buildid}
      tabIndex={isStop ? 0 : -1}
      aria-label={`${text.common.ofBuilder(name, build.number)}${took && ` ${took}`}, ${text.looks[look]}, ${formatInstant(build.started_at)}`}
      aria-describedby={isTold ? CARD : undefined}
      onFocus={(event) => onShow(build, event)}
      onBlur={onHide}
      onPointerEnter={(event) => event.pointerType === "mouse" && onShow(build, event)}
      onPointerLeave={onHide}
    >
      <span className="sign" aria-hidden="true">
        {SIGNS[look]}
      </span>
      <span className="fall-number">{build.number}</span>{" "}
      {height >= LEAST_PX * 2 && room >= TOLD_PX && took && <small>{took}</small>}
    </Link>
  );
}

/** Keeps what is looked at in its place when builds come in above it, or the scale changes. */
function useAnchor(region: RefObject<HTMLDivElement | null>, layout: Layout<TimedBuild>): { keep: () => void } {
  const kept = useRef<{ id: number; top: number } | null>(null);
  const present = useRef(layout);
  const keep = useCallback((): void => {
    const at = region.current?.scrollTop ?? 0;
    kept.current = null;
    if (at <= 0) return; // who looks at the newest wants to see newer ones
    let nearest: Block<TimedBuild> | null = null;
    for (const blocks of present.current.columns.values()) {
      const block = blocks.find((one) => one.top >= at);
      if (block && (!nearest || block.top < nearest.top)) nearest = block;
    }
    if (nearest) kept.current = { id: nearest.build.buildid, top: nearest.top };
  }, [region]);
  useLayoutEffect(() => {
    present.current = layout;
    const element = region.current;
    const { current: before } = kept;
    if (!element || !before) return;
    const after = [...layout.columns.values()].flat().find((block) => block.build.buildid === before.id);
    if (after && after.top !== before.top) element.scrollTop += after.top - before.top;
    kept.current = after ? { id: before.id, top: after.top } : null;
  }, [layout, region]);
  return { keep };
}
