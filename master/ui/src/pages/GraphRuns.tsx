/** Builds of graphs, and one of them with its jobs. */

import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useEffect, useMemo, useState, type ReactNode } from "react";
import type { GraphBuildResource, GraphJobResource, GraphRunAttempt, GraphRunJob, GraphRunPage } from "../api/schema";
import { config } from "../api/config";
import { useOne, useRows } from "../api/queries";
import { lookOfStatus, nameOfJob, nameOfStatus, requestAgain, shortRid } from "../lib/graph";
import { mergeRunPage } from "../lib/merge";
import { ActionButton } from "../parts/actions";
import { BuilderLink, BuildLink, Document, Empty, Loading, Mark, Problem, Section, Withheld, useTitle, type PageIcon } from "../parts/basics";
import { lookOf } from "../lib/results";
import { Dag } from "../parts/Dag";
import { AgoMs, DurationMs, GraphTabs, RunLink, ScheduleLink, Status, TargetLink, Versions } from "../parts/GraphParts";
import { ListPage, Table, type Column } from "../parts/ListPage";
import { text } from "../text";

const RUNS = 100;
const route = getRouteApi("/graph/runs/$run");
const jobRoute = getRouteApi("/graph/jobs/$job");

function By({ run, schedule = null }: { run: GraphBuildResource; schedule?: string | null }): ReactNode {
  return run.schedule_rid === null ? run.created_by : <ScheduleLink rid={run.schedule_rid} name={schedule} />;
}

const LIST: readonly Column<GraphBuildResource>[] = [
  { label: text.run.one, cell: ({ rid }) => <RunLink rid={rid} /> },
  { label: text.common.state, cell: ({ status }) => <Status status={status} /> },
  { label: text.graph.branch, cell: ({ branch }) => branch },
  {
    label: text.run.by,
    cell: (run) => (
      <>
        <By run={run} /> {run.forced && <span className="muted">{text.run.forced}</span>}
      </>
    ),
  },
  { label: text.common.started, className: "nowrap", cell: ({ created_at_ms }) => <AgoMs at={created_at_ms} /> },
  { label: text.common.duration, className: "nowrap", cell: (run) => <DurationMs from={run.created_at_ms} to={run.finished_at_ms} /> },
];

export function Runs(): ReactNode {
  const query = useRows<GraphBuildResource>(`graph_builds?order=-graph_buildid&limit=${RUNS}`, { events: ["graph_builds/*/*"] });
  return (
    <ListPage title={text.graph.runs} query={query} none={text.run.none} hint={text.run.hint} columns={LIST} keyOf={(run) => run.rid}>
      <GraphTabs />
    </ListPage>
  );
}

/** A job is shown on the page of its run. */
export function JobPage(): ReactNode {
  const { job } = jobRoute.useParams();
  const { data, error } = useOne<GraphJobResource>(`graph_jobs/${encodeURIComponent(job)}`);
  const navigate = useNavigate();
  useEffect(() => {
    if (data) void navigate({ to: "/graph/runs/$run", params: { run: data.build_rid }, search: { job }, replace: true });
  }, [data, job, navigate]);
  return error ? <Problem error={error} hasWays /> : <Loading />;
}

const ICONS: Readonly<Record<string, PageIcon>> = { RUNNING: "running", SUCCEEDED: "good", FAILED: "bad", CANCELED: "neutral" };

export function RunPage(): ReactNode {
  const { run: rid } = route.useParams();
  const query = useOne<GraphRunPage>(`pages/graph_builds/${encodeURIComponent(rid)}`, {
    events: [`graph_builds/${rid}/*`, `graph_builds/${rid}/jobs/*/*`],
    merge: mergeRunPage,
  });
  const status = query.data?.run.status ?? "";
  useTitle(`${nameOfStatus(status)} ${text.run.title(shortRid(rid))} · ${config().title}`.trim(), ICONS[status] ?? "neutral");
  return <Document query={query}>{(page) => <Body page={page} />}</Document>;
}

const ENDED = new Set(["SUCCEEDED", "FAILED", "CANCELED", "DID_NOT_RUN"]);

function Body({ page }: { page: GraphRunPage }): ReactNode {
  const { run } = page;
  const jobs = page.jobs ?? [];
  const navigate = useNavigate();
  const show = (rid: string): void => void navigate({ to: "/graph/runs/$run", params: { run: rid } });
  const again = requestAgain(page);
  const done = jobs.filter(({ job }) => ENDED.has(job.status)).length;
  return (
    <>
      <header className={`page-head build-head ${lookOfStatus(run.status)}`}>
        <div className="grow">
          <nav aria-label={text.nav.breadcrumbs} className="crumbs">
            <Link to="/graph/runs">{text.graph.runs}</Link>
          </nav>
          <h1>
            {text.run.title(shortRid(run.rid))} <Status status={run.status} />
          </h1>
          <p className="line muted">
            <span>
              {text.changes.onBranch(run.branch)}
              {run.fallbacks.length > 0 && `, ${text.run.fallbacks(run.fallbacks.join(", "))}`}
            </span>
            <span>
              <AgoMs at={run.created_at_ms} />
            </span>
            <DurationMs from={run.created_at_ms} to={run.finished_at_ms} />
            <span>
              {text.run.by} <By run={run} schedule={page.schedule} />
            </span>
            {run.forced && <span>{text.run.forced}</span>}
            {run.retry_count > 0 && <span>{text.run.retries(run.retry_count)}</span>}
            {run.abort_on_failure && <span>{text.run.aborts}</span>}
            {run.cancelled_by !== null && <span>{text.run.cancelledBy(run.cancelled_by)}</span>}
            {page.jobs !== null && <span>{text.run.counts(done, page.jobs_total ?? jobs.length)}</span>}
          </p>
        </div>
        {again && <ActionButton<string> path="graph_builds" method="create" params={again} label={text.run.again} hint={text.run.againHint} className="primary" onDone={show} />}
        {run.finished_at_ms === null && <ActionButton path={`graph_builds/${encodeURIComponent(run.rid)}`} method="cancel" label={text.run.cancel} className="danger" />}
      </header>
      {page.jobs !== null && (jobs.length === 0 ? <Empty>{text.run.noJobs}</Empty> : <Jobs run={run} jobs={jobs} />)}
      {page.jobs_total !== null && page.jobs_total > jobs.length && <p className="muted">{text.run.more(page.jobs_total - jobs.length)}</p>}
      <Withheld parts={page.withheld} />
    </>
  );
}

function Jobs({ run, jobs }: { run: GraphBuildResource; jobs: readonly GraphRunJob[] }): ReactNode {
  const search = route.useSearch();
  const wanted = jobs.find(({ job }) => job.rid === search.job) ?? jobs.find(({ job }) => job.status === "FAILED");
  const [chosen, setChosen] = useState(wanted?.job.rid ?? "");
  const nodes = useMemo(
    () =>
      jobs.map((one) => ({
        id: one.job.rid,
        needs: one.needs.map((position) => jobs[position]?.job.rid ?? ""),
        title: nameOfJob(one),
        subtitle: one.builder,
        look: lookOfStatus(one.job.status),
        state: nameOfStatus(one.job.status),
      })),
    [jobs],
  );
  const shown = jobs.find(({ job }) => job.rid === chosen);
  const columns: readonly Column<GraphRunJob>[] = [
    {
      label: text.graph.job,
      className: "text",
      cell: (one) => (
        <button type="button" className="link" aria-pressed={one.job.rid === chosen} onClick={() => setChosen(one.job.rid)}>
          {nameOfJob(one)}
        </button>
      ),
    },
    { label: text.common.state, className: "nowrap", cell: ({ job }) => <Status status={job.status} /> },
    { label: text.run.attempts, cell: (one) => <Attempts job={one} /> },
    { label: text.run.why, className: "text", cell: ({ job }) => job.reason },
    { label: text.common.builder, className: "wide", cell: ({ builder, builderid }) => (builderid === null ? builder : <BuilderLink id={builderid}>{builder}</BuilderLink>) },
    { label: text.common.duration, className: "nowrap", cell: ({ job }) => job.latest_attempt_at_ms !== null && <DurationMs from={job.latest_attempt_at_ms} to={job.finished_at_ms} /> },
  ];
  return (
    <>
      <Section title={text.run.drawn}>
        <Dag nodes={nodes} label={text.graph.drawn} chosen={chosen} onOpen={setChosen} />
        {shown && <Detail run={run} job={shown} />}
      </Section>
      <Section title={text.run.jobs}>
        <div className="scroll">
          <Table rows={jobs} columns={columns} keyOf={({ job }) => job.rid} />
        </div>
      </Section>
    </>
  );
}

function Attempts({ job: { attempts, builderid, job } }: { job: GraphRunJob }): ReactNode {
  if (attempts.length === 0) return <span className="muted">{text.run.noAttempt}</span>;
  return (
    <>
      <ul className="strip">
        {attempts.map((one) => (
          <li key={one.attempt.number}>
            <Attempt attempt={one} builderid={builderid} />
          </li>
        ))}
      </ul>
      {job.retry_at_ms !== null && (
        <div className="muted small">
          {text.run.retryAt} <AgoMs at={job.retry_at_ms} />
        </div>
      )}
    </>
  );
}

function Attempt({ attempt: { attempt, build_number }, builderid }: { attempt: GraphRunAttempt; builderid: number | null }): ReactNode {
  const look = attempt.buildid === null && attempt.results === null ? "waiting" : lookOf(attempt.results);
  if (build_number !== null && builderid !== null) {
    const label = `${text.run.attempt(attempt.number)}: #${build_number} ${text.looks[look]}`;
    return (
      <BuildLink builder={builderid} number={build_number} title={label}>
        <Mark look={look} /> #{build_number}
      </BuildLink>
    );
  }
  return (
    <Link to="/buildrequests/$request" params={{ request: String(attempt.buildrequestid) }} title={text.run.attempt(attempt.number)}>
      <Mark look={look} /> {text.pending.request(attempt.buildrequestid)}
    </Link>
  );
}

/** The provenance of a job: what it has read and written, and why it was built. */
function Detail({ run, job }: { run: GraphBuildResource; job: GraphRunJob }): ReactNode {
  return (
    <div className={`detail edge ${lookOfStatus(job.job.status)}`} role="region" aria-label={`${text.run.provenance}: ${nameOfJob(job)}`}>
      <h3>
        {job.outputs.map(({ target }) => (
          <TargetLink key={target} target={target} />
        ))}{" "}
        <Status status={job.job.status} />
      </h3>
      {job.job.reason && <p>{job.job.reason}</p>}
      <dl className="pairs">
        <div>
          <dt>{text.run.attempts}</dt>
          <dd>
            <Attempts job={job} />
          </dd>
        </div>
        {job.inputs !== null && job.inputs.length > 0 && (
          <div>
            <dt>{text.run.read}</dt>
            <dd>
              <Versions marks={job.inputs} run={run.rid} />
            </dd>
          </div>
        )}
        <div>
          <dt>{text.run.wrote}</dt>
          <dd>
            <Versions marks={job.outputs} run={run.rid} />
          </dd>
        </div>
      </dl>
    </div>
  );
}
