/** A worker: what runs there first, then how it is and was, and what it told of itself. */

import { getRouteApi, Link } from "@tanstack/react-router";
import { useEffect, useMemo, useState, type ReactNode } from "react";
import type { WorkerPage, WorkerState } from "../api/schema";
import { config } from "../api/config";
import { useOne } from "../api/queries";
import { mergeWorkerPage } from "../lib/workers";
import { Ago, BuilderLink, Document, Empty, Section, Withheld, useNow, useTitle } from "../parts/basics";
import { BuildTable } from "../parts/BuildTable";
import { Utilisation } from "../parts/Charts";
import { EnvironmentFold, WorkerFacts } from "../parts/Environment";
import { useGrowing } from "../parts/growing";
import { Buttons, State } from "../parts/WorkerParts";
import { text } from "../text";

const route = getRouteApi("/workers/$worker");
/** Shown by the groups of facts. */
const GROUPED = ["worker"];
const LISTED = 30;
const PEOPLE = ["admin", "host", "access_uri"];
const MINUTE = 60;

export default function Worker(): ReactNode {
  const { worker: named } = route.useParams();
  return <WorkerAt key={named} named={named} />;
}

function WorkerAt({ named }: { named: string }): ReactNode {
  // events name it by its id, which the first answer tells where the address has its name
  const [id, setId] = useState(/^\d+$/.test(named) ? named : null);
  const events = id === null ? [] : [`workers/${id}/*`, `workers/${id}/builds/*/*`];
  const query = useOne<WorkerPage>(`pages/workers/${encodeURIComponent(named)}`, { events, merge: mergeWorkerPage });
  const known = query.data?.worker.workerid;
  useEffect(() => {
    if (known !== undefined) setId(String(known));
  }, [known]);
  useTitle(`${query.data?.worker.name ?? text.common.worker} · ${config().title}`);
  return <Document query={query}>{(page) => <Body page={page} />}</Document>;
}

function stateOf({ worker }: WorkerPage): WorkerState {
  const { graceful, name, pause_reason, paused, workerid } = worker;
  return { connected: worker.connected_to.length > 0, graceful, name, pause_reason, paused, workerid };
}

function Body({ page }: { page: WorkerPage }): ReactNode {
  const names = useMemo(() => new Map((page.builders ?? []).map(({ builderid, name }) => [builderid, name])), [page.builders]);
  return (
    <>
      <Head page={page} />
      {page.running && (
        <Section title={text.workers.runningNow} aside={<span className="count">{page.running.length}</span>}>
          {page.running.length === 0 ? <Empty>{text.workers.nothingRuns}</Empty> : <BuildTable builds={page.running} names={names} />}
        </Section>
      )}
      <Busy page={page} />
      {page.builds && <Builds page={page} builds={page.builds} names={names} />}
      <Serves page={page} names={names} />
      <Told page={page} />
      {page.environment && <EnvironmentFold environment={page.environment} title={text.environment.ofWorker} without={GROUPED} />}
      <Withheld parts={page.withheld} />
    </>
  );
}

function Head({ page }: { page: WorkerPage }): ReactNode {
  const state = stateOf(page);
  const { connected_at: connectedAt, left_at: leftAt, masters } = page;
  return (
    <header className="page-head">
      <div className="grow">
        <nav aria-label={text.nav.breadcrumbs} className="crumbs">
          <Link to="/workers">{text.workers.title}</Link>
        </nav>
        <h1>{state.name}</h1>
        <p className="line">
          <State worker={state} />
          {state.connected && connectedAt !== null && (
            <span className="muted">
              {text.workers.since} <Ago at={connectedAt} />
            </span>
          )}
          {!state.connected && leftAt !== null && (
            <span className="muted">
              {text.workers.left} <Ago at={leftAt} />
            </span>
          )}
          {!state.connected && connectedAt === null && <span className="muted">{text.workers.neverCame}</span>}
          {!!masters?.length && (
            <span className="muted">
              {text.workers.at} <Link to="/masters">{masters.map(({ name }) => name).join(", ")}</Link>
            </span>
          )}
        </p>
      </div>
      <Buttons worker={state} all />
    </header>
  );
}

/** How busy it was; drawn anew each minute, not with each event. */
function Busy({ page }: { page: WorkerPage }): ReactNode {
  const { running, builds } = page;
  const all = useMemo(() => [...(builds ?? []), ...(running ?? [])], [builds, running]);
  const minute = Math.floor(useNow() / MINUTE) * MINUTE;
  const newest = Math.max(0, ...all.map((build) => build.complete_at ?? build.started_at));
  return all.length === 0 ? null : <Utilisation builds={all} now={Math.max(minute, newest)} isWhole={page.more_builds === false} />;
}

function Builds({ page, builds, names }: { page: WorkerPage; builds: NonNullable<WorkerPage["builds"]>; names: ReadonlyMap<number, string> }): ReactNode {
  const growing = useGrowing(builds.length, LISTED);
  return (
    <Section title={text.workers.builds}>
      {builds.length === 0 ? <Empty>{text.workers.noBuilds}</Empty> : <BuildTable builds={builds.slice(0, growing.shown)} names={names} />}
      {growing.end}
      {page.more_builds === true && growing.end === null && <p className="muted">{text.workers.older(builds.length)}</p>}
    </Section>
  );
}

function Serves({ page, names }: { page: WorkerPage; names: ReadonlyMap<number, string> }): ReactNode {
  const served = [...new Set(page.worker.configured_on.map((one) => one["builderid"] ?? 0))];
  if (page.builders === null) return null;
  return (
    <Section title={text.workers.serves} aside={<span className="count">{served.length}</span>}>
      {served.length === 0 ? (
        <Empty>{text.workers.servesNone}</Empty>
      ) : (
        <ul className="plain columns">
          {served
            .map((id) => ({ id, name: names.get(id) ?? String(id) }))
            .sort((a, b) => a.name.localeCompare(b.name))
            .map(({ id, name }) => (
              <li key={id}>
                <BuilderLink id={id}>{name}</BuilderLink>
              </li>
            ))}
        </ul>
      )}
    </Section>
  );
}

function Told({ page }: { page: WorkerPage }): ReactNode {
  const info = page.worker.workerinfo;
  const people = PEOPLE.flatMap((name): [string, string][] => {
    const value = info[name];
    return typeof value === "string" && value.trim() ? [[name, value.trim()]] : [];
  });
  const environment = page.environment ?? [];
  if (people.length === 0 && environment.length === 0) return null;
  return (
    <Section title={text.workers.info}>
      <WorkerFacts environment={environment} people={people} />
    </Section>
  );
}
