/** The masters of the installation: which run, since when, and what belongs to each. */

import { type ReactNode } from "react";
import type { MastersPage, MasterSummary } from "../api/schema";
import { config } from "../api/config";
import { useOne } from "../api/queries";
import { mergeMastersPage } from "../lib/masters";
import { Ago, BuilderLink, Document, Empty, Withheld, WorkerLink, useTitle } from "../parts/basics";
import { useGrowing } from "../parts/growing";
import { text } from "../text";

const EVENTS = ["masters/*/*", "workers/*/connected", "workers/*/disconnected", "builds/*/new", "builds/*/finished"];

export default function Masters(): ReactNode {
  const query = useOne<MastersPage>("pages/masters", { events: EVENTS, merge: mergeMastersPage });
  useTitle(`${text.masters.title} · ${config().title}`);
  return (
    <>
      <h1>{text.masters.title}</h1>
      <Document query={query}>
        {(page) => (
          <>
            {page.masters.length === 0 && <Empty>{text.masters.none}</Empty>}
            {page.masters.map((summary) => (
              <MasterCard key={summary.master.masterid} summary={summary} />
            ))}
            <Withheld parts={page.withheld} />
          </>
        )}
      </Document>
    </>
  );
}

function MasterCard({ summary }: { summary: MasterSummary }): ReactNode {
  const { master, running, started_at: startedAt, version, workers, builders } = summary;
  return (
    <section className="card" aria-label={master.name}>
      <header className="card-head">
        <h2 className="anywhere">{master.name}</h2>
        <span className={`result ${master.active ? "success" : "failure"}`}>
          <span aria-hidden="true">{master.active ? "✓" : "✗"}</span> {master.active ? text.masters.active : text.masters.inactive}
        </span>
      </header>
      <dl className="pairs">
        {startedAt !== null && (
          <div>
            <dt>{text.masters.started}</dt>
            <dd>
              <Ago at={startedAt} />
            </dd>
          </div>
        )}
        <div>
          <dt>{text.masters.lastActive}</dt>
          <dd>
            <Ago at={master.last_active} />
          </dd>
        </div>
        {version !== null && (
          <div>
            <dt>{text.masters.version}</dt>
            <dd>{version}</dd>
          </div>
        )}
        {running !== null && (
          <div>
            <dt>{text.masters.running}</dt>
            <dd>{running.toLocaleString("en")}</dd>
          </div>
        )}
      </dl>
      {workers && (
        <Fold title={text.masters.workers} total={workers.length} none={text.masters.noWorkers}>
          {(shown) => workers.slice(0, shown).map(({ workerid, name }) => <li key={workerid}><WorkerLink id={workerid}>{name}</WorkerLink></li>)}
        </Fold>
      )}
      {builders && (
        <Fold title={text.masters.builders} total={builders.length} none={text.masters.noBuilders}>
          {(shown) => builders.slice(0, shown).map(({ builderid, name }) => <li key={builderid}><BuilderLink id={builderid}>{name}</BuilderLink></li>)}
        </Fold>
      )}
    </section>
  );
}

/** A list that may be long, under its length. */
function Fold({ title, total, none, children }: { title: string; total: number; none: string; children: (shown: number) => ReactNode }): ReactNode {
  const growing = useGrowing(total);
  if (total === 0) return <p className="muted">{none}</p>;
  return (
    <details className="fold inner">
      <summary>
        <h3>{title}</h3> <span className="count">{total.toLocaleString("en")}</span>
      </summary>
      <ul className="plain columns">{children(growing.shown)}</ul>
      {growing.end}
    </details>
  );
}
