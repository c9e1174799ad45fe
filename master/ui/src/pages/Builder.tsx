/** One builder: its builds, what waits and why, and the forms that start builds. */

import { getRouteApi, Link } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";
import type { BuilderPage, ForceScheduler, WaitingRequest } from "../api/schema";
import { config } from "../api/config";
import { useBuilderId, useOne } from "../api/queries";
import { PermittedButton } from "../parts/actions";
import { streakOf } from "../lib/streak";
import { formatDuration } from "../lib/time";
import { Ago, Document, Empty, Result, Section, Withheld, WorkerLink, iconOf, useTitle } from "../parts/basics";
import { BuilderBuilds } from "../parts/BuilderBuilds";
import { CancelAll } from "../parts/CancelAll";
import { Description } from "../parts/Description";
import { ForceDialog } from "../parts/Force";
import { Table, type Column } from "../parts/ListPage";
import { Reasons } from "../parts/Reasons";
import { text } from "../text";

const route = getRouteApi("/builders/$builder");

export default function Builder(): ReactNode {
  const { builder } = route.useParams();
  const id = useBuilderId(builder);
  const events = ["builds/*/*", "buildrequests/*/*", "workers/*/*", "builders/*/*", "masters/*/*"];
  const query = useOne<BuilderPage>(`pages/builders/${id.data}`, { events, enabled: id.data !== undefined });
  const newest = query.data?.builds?.find((build) => build.complete);
  useTitle(`${query.data?.builder.name ?? text.common.builder} · ${config().title}`, newest ? iconOf(newest.results) : "neutral");
  return <Document query={id.data === undefined ? { ...query, error: id.error } : query}>{(page) => <Body key={builder} page={page} />}</Document>;
}

function Body({ page }: { page: BuilderPage }): ReactNode {
  const { builder } = page;
  return (
    <>
      <header className="page-head">
        <div>
          <nav aria-label={text.nav.breadcrumbs} className="crumbs">
            <Link to="/builders">{text.builders.title}</Link>
          </nav>
          <h1>{builder.name}</h1>
          <Summary page={page} />
        </div>
        <span className="buttons">
          <Link to="/builders/$builder/tests" params={{ builder: String(builder.builderid) }} className="button">
            {text.tests.title}
          </Link>
          <ForceButtons page={page} />
        </span>
      </header>
      {builder.masterids.length === 0 && <p className="note">{text.builder.notConfigured}</p>}
      <Description of={builder} below={1} />
      {builder.tags.length > 0 && (
        <ul className="tags">
          {builder.tags.map((tag) => (
            <li key={tag}>
              <Link to="/builders" search={{ tags: tag }} className="tag">
                {tag}
              </Link>
            </li>
          ))}
        </ul>
      )}
      <Waiting page={page} />
      <BuilderBuilds page={page} />
      <Workers page={page} />
      <Withheld parts={page.withheld} />
    </>
  );
}

/** How it does, in a line. */
function Summary({ page }: { page: BuilderPage }): ReactNode {
  const newest = page.builds?.find((build) => build.complete);
  const streak = streakOf(page);
  if (!newest && !page.log_horizon_is_known) return null;
  return (
    <p className="muted line">
      {newest && <Result results={newest.results} />}
      {newest && newest.complete_at !== null && <Ago at={newest.complete_at} />}
      {!!page.rated_builds && <span>{text.builders.rate(page.good_builds ?? 0, page.rated_builds)}</span>}
      {streak && <span>{text.builder.streak(streak)}</span>}
      {page.typical_s !== null && <span>{text.builder.typical(formatDuration(page.typical_s))}</span>}
      {page.log_horizon_is_known && <span>{logsKept(page.log_horizon_s)}</span>}
    </p>
  );
}

function logsKept(seconds: number | null): string {
  if (seconds === null) return text.builder.logsKeptForEver;
  const days = seconds / 86_400;
  return text.builder.logsKept(days >= 1 && Number.isInteger(days) ? text.builder.days(days) : formatDuration(seconds));
}

function ForceButtons({ page }: { page: BuilderPage }): ReactNode {
  const { force } = route.useSearch();
  const [opened, setOpened] = useState<ForceScheduler | null>(page.forceschedulers?.find(({ name }) => name === force) ?? null);
  if (!page.forceschedulers?.length) return null;
  return (
    <div className="buttons">
      {page.forceschedulers.map((scheduler) => (
        <PermittedButton
          key={scheduler.name}
          path={`forceschedulers/${encodeURIComponent(scheduler.name)}?builderid=${page.builder.builderid}`}
          method="force"
          label={scheduler.button_name === scheduler.name ? scheduler.label || text.builder.force : scheduler.button_name}
          className="primary"
          isOff={!scheduler.enabled}
          onClick={() => setOpened(scheduler)}
        />
      ))}
      {opened && <ForceDialog scheduler={opened} builderId={page.builder.builderid} onClose={() => setOpened(null)} />}
    </div>
  );
}

const WAITING: readonly Column<WaitingRequest>[] = [
  {
    label: text.build.request,
    cell: ({ request: { buildrequestid } }) => (
      <Link to="/buildrequests/$request" params={{ request: String(buildrequestid) }}>
        {buildrequestid}
      </Link>
    ),
  },
  { label: text.builder.waitsSince, className: "nowrap", cell: ({ request }) => <Ago at={request.submitted_at} /> },
  { label: text.common.priority, cell: ({ request }) => request.priority },
  { label: text.builder.why, className: "text", cell: ({ reasons }) => <Reasons reasons={reasons} most={4} /> },
];

function Waiting({ page }: { page: BuilderPage }): ReactNode {
  const { waiting, waiting_total: total } = page;
  if (!waiting?.length) return null;
  return (
    <Section
      title={
        <>
          {text.builder.waiting} <span className="count">{total}</span>
        </>
      }
      aside={<CancelAll builder={page.builder.builderid} first={waiting[0]?.request.buildrequestid ?? 0} total={total ?? waiting.length} />}
    >
      <div className="scroll">
        <Table rows={waiting} columns={WAITING} keyOf={({ request }) => request.buildrequestid} />
      </div>
      {total !== null && total > waiting.length && (
        <p>
          <Link to="/pending">{text.front.more(total - waiting.length)}</Link>
        </p>
      )}
    </Section>
  );
}

function Workers({ page }: { page: BuilderPage }): ReactNode {
  if (page.workers === null) return null;
  return (
    <Section title={text.builder.workers}>
      {page.workers.length === 0 && <Empty>{text.builder.noWorkers}</Empty>}
      <ul className="plain">
        {page.workers.map((worker) => (
          <li key={worker.workerid}>
            <WorkerLink id={worker.workerid}>{worker.name}</WorkerLink>{" "}
            <span className={worker.connected && !worker.paused && !worker.graceful ? "muted" : "warn"}>
              {!worker.connected ? text.workers.offline : worker.paused ? text.workers.paused : worker.graceful ? text.workers.graceful : text.workers.connected}
              {worker.paused && worker.pause_reason ? `: ${worker.pause_reason}` : ""}
            </span>
          </li>
        ))}
      </ul>
    </Section>
  );
}
