/** All workers: which are there, what they do, and pausing or shutting them down. Filter and order are kept by the address. */

import { getRouteApi } from "@tanstack/react-router";
import { memo, useMemo, type ReactNode } from "react";
import type { WorkersPage, WorkerSummary } from "../api/schema";
import { config } from "../api/config";
import { useOne } from "../api/queries";
import { chosen, countConditions, isCondition, mergeWorkersPage, orderOf, type Condition, type Order } from "../lib/workers";
import { Ago, BuildLink, Document, Duration, Empty, WorkerLink, Withheld, useTitle } from "../parts/basics";
import { useGrowing } from "../parts/growing";
import { Buttons, State, WorkerStrip } from "../parts/WorkerParts";
import { text } from "../text";

const route = getRouteApi("/workers");
const EVENTS = ["workers/*/*", "builds/*/new", "builds/*/finished"];
const SHOWN: readonly Condition[] = ["connected", "busy", "idle", "paused", "leaving", "offline"];
/** So many of the builds that run on a worker are named. */
const NAMED = 3;

type Names = ReadonlyMap<number, string>;

export default function Workers(): ReactNode {
  const query = useOne<WorkersPage>("pages/workers", { events: EVENTS, merge: mergeWorkersPage });
  useTitle(`${text.workers.title} · ${config().title}`);
  return (
    <>
      <h1>{text.workers.title}</h1>
      <Document query={query}>{(page) => <Body page={page} />}</Document>
    </>
  );
}

function Body({ page }: { page: WorkersPage }): ReactNode {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const change = (next: { q?: string; state?: string; sort?: string }): void => {
    const entries = Object.entries({ ...search, ...next }).filter(([, value]) => value);
    void navigate({ search: Object.fromEntries(entries), replace: true });
  };
  const configured = useMemo(() => page.workers.filter(({ builders }) => builders > 0), [page.workers]);
  const others = useMemo(() => page.workers.filter(({ builders }) => builders === 0), [page.workers]);
  const counts = useMemo(() => countConditions(configured), [configured]);
  const names: Names = useMemo(() => new Map((page.builders ?? []).map(({ builderid, name }) => [builderid, name])), [page.builders]);
  const { q, state, sort } = search;
  const shown = useMemo(() => chosen(configured, { q, state, sort }), [configured, q, state, sort]);
  return (
    <>
      <div className="toolbar">
        <input type="search" aria-label={text.workers.filter} placeholder={text.workers.filter} value={q ?? ""} onChange={(event) => change({ q: event.target.value })} />
        <span className="muted" role="status">
          {text.workers.shown(shown.length, configured.length)}
        </span>
      </div>
      {configured.length > 0 && (
        <ul className="tags" aria-label={text.workers.conditions}>
          {SHOWN.filter((name) => counts[name] > 0 || name === state || name === "connected").map((name) => (
            <li key={name}>
              <button type="button" className="tag" aria-pressed={state === name} onClick={() => change({ state: state === name ? "" : name })}>
                {text.workers.counted[name]} <small>{counts[name].toLocaleString("en")}</small>
              </button>
            </li>
          ))}
        </ul>
      )}
      {shown.length === 0 ? (
        <Empty>{configured.length === 0 ? text.workers.none : text.workers.noMatch}</Empty>
      ) : (
        // a new choice is shown from its begin
        <WorkerTable key={`${q} ${isCondition(state) ? state : ""} ${sort}`} workers={shown} names={names} sort={sort} onSort={(next) => change({ sort: next })} />
      )}
      {others.length > 0 && (
        <details className="card fold">
          <summary>
            <h2>{text.workers.unused}</h2> <span className="count">{others.length}</span>
          </summary>
          <WorkerTable workers={others} names={names} />
        </details>
      )}
      <Withheld parts={page.withheld} />
    </>
  );
}

interface TableProps {
  readonly workers: readonly WorkerSummary[];
  readonly names: Names;
  readonly sort?: string | undefined;
  /** Without it the order is fixed. */
  readonly onSort?: (sort: string) => void;
}

function WorkerTable({ workers, names, sort, onSort }: TableProps): ReactNode {
  const growing = useGrowing(workers.length);
  const head = (order: Order, label: string, className?: string): ReactNode => <Head order={order} label={label} className={className} sort={sort} onSort={onSort} />;
  return (
    <div className="card flush">
      <table className="stack workers">
        <thead>
          <tr>
            {head("name", text.common.worker)}
            {head("state", text.common.state)}
            {head("running", text.workers.running)}
            {head("builds", text.workers.last)}
            {head("builders", text.workers.serves, "wide")}
            <th className="wide">{text.workers.system}</th>
            <td />
          </tr>
        </thead>
        <tbody>
          {workers.slice(0, growing.shown).map((summary) => (
            <Row key={summary.worker.workerid} summary={summary} names={names} />
          ))}
        </tbody>
      </table>
      {growing.end}
    </div>
  );
}

interface HeadProps {
  readonly order: Order;
  readonly label: string;
  readonly className: string | undefined;
  readonly sort: string | undefined;
  readonly onSort: ((sort: string) => void) | undefined;
}

/** The head of a column; pressing it orders the rows by that, pressing it again turns them round. */
function Head({ order, label, className, sort, onSort }: HeadProps): ReactNode {
  if (!onSort) return <th className={className}>{label}</th>;
  const present = orderOf(sort);
  const isOrdered = present.order === order;
  const next = isOrdered && !present.isReversed ? `-${order}` : order;
  return (
    <th className={className} aria-sort={isOrdered ? (present.isReversed ? "descending" : "ascending") : undefined}>
      <button type="button" className="sort" onClick={() => onSort(next)}>
        {label} <span aria-hidden="true">{isOrdered ? (present.isReversed ? "▴" : "▾") : ""}</span>
      </button>
    </th>
  );
}

const Row = memo(function Row({ summary, names }: { summary: WorkerSummary; names: Names }): ReactNode {
  const { worker, running, builds, builders, os, version, connected_at: connectedAt, left_at: leftAt } = summary;
  return (
    <tr>
      <td className="text">
        <WorkerLink id={worker.workerid}>{worker.name}</WorkerLink>
      </td>
      <td>
        <State worker={worker} />
        {!worker.connected && (
          <div className="muted small">{leftAt !== null ? <>{text.workers.left} <Ago at={leftAt} /></> : connectedAt === null && text.workers.neverCame}</div>
        )}
      </td>
      <td className="text">
        {running?.length ? (
          <ul className="plain">
            {running.slice(0, NAMED).map((build) => (
              <li key={build.buildid} className="line">
                <BuildLink builder={build.builderid} number={build.number}>
                  {text.common.ofBuilder(names.get(build.builderid) ?? String(build.builderid), build.number)}
                </BuildLink>
                <span className="muted small">
                  <Duration from={build.started_at} to={null} />
                </span>
              </li>
            ))}
            {running.length > NAMED && (
              <li className="muted small">
                <WorkerLink id={worker.workerid}>{text.front.more(running.length - NAMED)}</WorkerLink>
              </li>
            )}
          </ul>
        ) : (
          running && worker.connected && !worker.paused && !worker.graceful && <span className="muted">{text.workers.counted.idle}</span>
        )}
      </td>
      <td>{!!builds?.length && <WorkerStrip builds={builds} names={names} />}</td>
      <td className="wide muted">{builders}</td>
      <td className="wide muted small">
        {os}
        {version && <div>{text.workers.version(version)}</div>}
      </td>
      <td className="whole">
        <Buttons worker={worker} />
      </td>
    </tr>
  );
});
