/** Workers: which are there, what they do, and pausing or shutting them down. */

import { getRouteApi, Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Build, Worker } from "../api/schema";
import { config } from "../api/config";
import { useOne, useRows } from "../api/queries";
import { ActionButton } from "../parts/actions";
import { BuilderLink, Document, Empty, Section, WorkerLink, useTitle } from "../parts/basics";
import { BuildTable } from "../parts/BuildTable";
import { Utilisation } from "../parts/Charts";
import { Table, type Column } from "../parts/ListPage";
import { useBuilderNames } from "./Pending";
import { text } from "../text";

const route = getRouteApi("/workers/$worker");
const EVENTS = ["workers/*/*"];
const BUILDS = 300;
const LISTED = 30;

function State({ worker }: { worker: Worker }): ReactNode {
  const isUp = worker.connected_to.length > 0;
  return (
    <>
      <span className={`result ${isUp ? "success" : "failure"}`}>
        <span aria-hidden="true">{isUp ? "✓" : "✗"}</span> {isUp ? text.workers.connected : text.workers.offline}
      </span>
      {worker.paused && (
        <span className="badge warnings">
          {text.workers.paused}
          {worker.pause_reason ? `: ${worker.pause_reason}` : ""}
        </span>
      )}
      {worker.graceful && <span className="badge warnings">{text.workers.graceful}</span>}
    </>
  );
}

function Buttons({ worker, all = false }: { worker: Worker; all?: boolean }): ReactNode {
  const path = `workers/${worker.workerid}`;
  const reason = (title: string) => ({ title, label: text.common.reason, parameter: "reason" });
  return (
    <span className="buttons">
      {worker.paused ? (
        <ActionButton path={path} method="unpause" label={text.workers.unpause} />
      ) : (
        <ActionButton path={path} method="pause" label={text.workers.pause} question={reason(text.workers.pauseTitle(worker.name))} />
      )}
      {worker.connected_to.length > 0 && !worker.graceful && (
        <ActionButton path={path} method="stop" label={text.workers.stop} question={reason(text.workers.stopTitle(worker.name))} />
      )}
      {all && worker.connected_to.length > 0 && (
        <ActionButton path={path} method="kill" label={text.workers.stopNow} className="danger" question={reason(text.workers.killTitle(worker.name))} />
      )}
    </span>
  );
}

const COLUMNS: readonly Column<Worker>[] = [
  { label: text.common.worker, cell: ({ workerid, name }) => <WorkerLink id={workerid}>{name}</WorkerLink> },
  { label: text.common.state, cell: (worker) => <State worker={worker} /> },
  { label: text.workers.info, className: "wide muted", cell: ({ workerinfo }) => told(workerinfo["host"]) || told(workerinfo["admin"]) },
  { className: "nowrap whole", cell: (worker) => <Buttons worker={worker} /> },
];

function WorkerTable({ workers }: { workers: readonly Worker[] }): ReactNode {
  return (
    <div className="scroll">
      <Table rows={workers} columns={COLUMNS} keyOf={(worker) => worker.workerid} />
    </div>
  );
}

function told(value: unknown): string {
  return value === null || value === undefined ? "" : typeof value === "string" ? value.trim() : JSON.stringify(value);
}

export function WorkersPage(): ReactNode {
  const query = useRows<Worker>("workers?order=name", { events: EVENTS });
  useTitle(`${text.workers.title} · ${config().title}`);
  return (
    <>
      <h1>{text.workers.title}</h1>
      <Document query={query}>
        {(workers) => {
          const configured = workers.filter((worker) => worker.configured_on.length > 0);
          const others = workers.filter((worker) => worker.configured_on.length === 0);
          return (
            <>
              {configured.length === 0 ? (
                <Empty>{text.workers.none}</Empty>
              ) : (
                <div className="card flush">
                  <WorkerTable workers={configured} />
                </div>
              )}
              {others.length > 0 && (
                <details className="card fold">
                  <summary>
                    <h2>{text.workers.unused}</h2> <span className="count">{others.length}</span>
                  </summary>
                  <WorkerTable workers={others} />
                </details>
              )}
            </>
          );
        }}
      </Document>
    </>
  );
}

export function WorkerPage(): ReactNode {
  const { worker: id } = route.useParams();
  const path = `workers/${encodeURIComponent(id)}`;
  const query = useOne<Worker>(path, { events: [...EVENTS] });
  const workerid = query.data?.workerid;
  const builds = useRows<Build>(`builds?workerid=${workerid}&order=-buildid&limit=${BUILDS}`, { events: [`workers/${workerid}/builds/*/*`], enabled: workerid !== undefined });
  const names = useBuilderNames();
  useTitle(`${query.data?.name ?? text.common.worker} · ${config().title}`);
  return (
    <Document query={query}>
      {(worker) => (
        <>
          <header className="page-head">
            <div className="grow">
              <nav aria-label={text.nav.breadcrumbs} className="crumbs">
                <Link to="/workers">{text.workers.title}</Link>
              </nav>
              <h1>{worker.name}</h1>
              <p className="line">
                <State worker={worker} />
              </p>
            </div>
            <Buttons worker={worker} all />
          </header>
          <Section title={text.workers.builds}>
            {builds.data && (builds.data.length ? <BuildTable builds={builds.data.slice(0, LISTED)} names={names} /> : <Empty>{text.workers.noBuilds}</Empty>)}
          </Section>
          {!!builds.data?.length && <Utilisation builds={builds.data} now={Math.floor(builds.dataUpdatedAt / 1000)} isWhole={builds.data.length < BUILDS} />}
          {worker.configured_on.length > 0 && (
            <Section title={text.workers.serves}>
              <ul className="plain columns">
                {[...new Set(worker.configured_on.map((one) => one["builderid"] ?? 0))].map((id) => (
                  <li key={id}>
                    <BuilderLink id={id}>{names.get(id) ?? id}</BuilderLink>
                  </li>
                ))}
              </ul>
            </Section>
          )}
          <Section title={text.workers.info}>
            <dl className="pairs">
              {Object.entries(worker.workerinfo)
                .filter(([, value]) => told(value))
                .map(([name, value]) => (
                  <div key={name}>
                    <dt>{name}</dt>
                    <dd className="mono">{told(value)}</dd>
                  </div>
                ))}
            </dl>
          </Section>
        </>
      )}
    </Document>
  );
}
