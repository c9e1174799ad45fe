/** The short pages: schedulers, the audit log, and what this is. */

import type { ReactNode } from "react";
import type { AuditEntry, Scheduler } from "../api/schema";
import { addressOf } from "../api/client";
import { config } from "../api/config";
import { useRows } from "../api/queries";
import { ActionButton } from "../parts/actions";
import { Ago, Section, useTitle } from "../parts/basics";
import { ListPage, type Column } from "../parts/ListPage";
import { text } from "../text";

/** A state that is good or not, in the colours of results. */
function State({ look, children }: { look: "success" | "failure" | "cancelled"; children: ReactNode }): ReactNode {
  return <span className={`result ${look}`}>{children}</span>;
}

const SCHEDULERS: readonly Column<Scheduler>[] = [
  { label: text.common.name, cell: ({ name }) => name },
  { label: text.common.state, cell: ({ enabled }) => <State look={enabled ? "success" : "cancelled"}>{enabled ? text.schedulers.enabled : text.schedulers.disabled}</State> },
  { label: text.schedulers.master, className: "wide muted", cell: ({ master }) => master?.name },
  {
    cell: ({ schedulerid, enabled }) => (
      <ActionButton path={`schedulers/${schedulerid}`} method="enable" params={{ enabled: !enabled }} label={enabled ? text.schedulers.disable : text.schedulers.enable} />
    ),
  },
];

export function Schedulers(): ReactNode {
  const query = useRows<Scheduler>("schedulers?order=name", { events: ["schedulers/*/*"] });
  return <ListPage title={text.schedulers.title} query={query} none={text.schedulers.none} columns={SCHEDULERS} keyOf={(one) => one.schedulerid} />;
}

const ENTRIES = 200;
const AUDIT: readonly Column<AuditEntry>[] = [
  { label: text.audit.when, className: "nowrap", cell: ({ happened_at }) => <Ago at={happened_at} /> },
  {
    label: text.audit.who,
    cell: ({ actor, address }) => (
      <>
        {actor} <span className="muted small">{address}</span>
      </>
    ),
  },
  { label: text.audit.what, cell: ({ action }) => <code>{action}</code> },
  {
    label: text.audit.on,
    className: "text mono small",
    cell: ({ path, parameters }) => (
      <>
        {path} {Object.keys(parameters).length > 0 && JSON.stringify(parameters)}
      </>
    ),
  },
  {
    label: text.audit.outcome,
    cell: ({ outcome, reason }) => (
      <State look={outcome === "done" ? "success" : "failure"}>
        {outcome === "done" ? text.audit.done : text.audit.refused}
        {reason && `: ${reason}`}
      </State>
    ),
  },
];

export function Audit(): ReactNode {
  const query = useRows<AuditEntry>(`audit?order=-auditid&limit=${ENTRIES}`);
  return <ListPage title={text.audit.title} query={query} none={text.audit.none} columns={AUDIT} keyOf={(one) => one.auditid} />;
}

export function About(): ReactNode {
  useTitle(`${text.about.title} · ${config().title}`);
  return (
    <>
      <h1>{text.about.title}</h1>
      <Section title={text.about.versions}>
        <dl className="pairs">
          {config().versions.map(([name, version]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{version}</dd>
            </div>
          ))}
        </dl>
      </Section>
      <div className="card">
        <p>{text.about.source}</p>
        <ul className="plain">
          <li>
            <a href={addressOf("api/v2/openapi.json")}>{text.about.api}</a>
          </li>
          <li>
            <a href={addressOf("metrics")}>{text.about.metrics}</a>
          </li>
        </ul>
      </div>
    </>
  );
}
