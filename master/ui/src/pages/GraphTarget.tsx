/** One target: its versions, why it is stale, and building it. */

import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useMemo, type ReactNode } from "react";
import type { GraphPlanJob, TargetResource, TargetVersion } from "../api/schema";
import { config } from "../api/config";
import { useOne, useRows } from "../api/queries";
import { requestOf, shortRid, type Branch } from "../lib/graph";
import { ActionButton, PermittedButton } from "../parts/actions";
import { Document, Empty, Result, Section, useTitle } from "../parts/basics";
import { Dag, type DagNode } from "../parts/Dag";
import { AgoMs, TargetLink } from "../parts/GraphParts";
import { Table, type Column } from "../parts/ListPage";
import { text } from "../text";

const route = getRouteApi("/graph/targets/$target");
const VERSIONS = 100;

export default function GraphTarget(): ReactNode {
  const { target: named } = route.useParams();
  const path = `targets/${encodeURIComponent(named)}`;
  const query = useOne<TargetResource>(path);
  const on = route.useSearch();
  const plan = useRows<GraphPlanJob>(on.branch === undefined ? `${path}/plan` : `${path}/branches/${encodeURIComponent(on.branch)}/plan`, { events: ["graph_builds/*/*", "target_versions/*/*"] });
  const rid = query.data?.rid ?? "";
  useTitle(`${query.data?.name ?? text.graph.target} · ${config().title}`);
  return (
    <Document query={query}>
      {(target) => (
        <>
          <header className="page-head">
            <div className="grow">
              <nav aria-label={text.nav.breadcrumbs} className="crumbs">
                <Link to="/graph" search={on.branch === undefined ? {} : { branch: on.branch }}>
                  {text.graph.title}
                </Link>
              </nav>
              <h1>{target.name}</h1>
              <p className="line muted">
                {on.branch !== undefined && <span>{text.changes.onBranch(on.branch)}</span>}
                <span className="mono small">{target.rid}</span>
              </p>
            </div>
            {plan.data && <Buttons target={target} on={on} isMade={plan.data.length > 0} />}
          </header>
          <Section title={text.graph.plan}>
            <Document query={plan}>{(jobs) => (jobs.length === 0 ? <Empty>{text.graph.noPlan}</Empty> : <Plan jobs={jobs} on={on} />)}</Document>
          </Section>
          <Versions path={path} rid={rid} />
        </>
      )}
    </Document>
  );
}

/** @param isMade some job makes it; else its versions come from outside */
function Buttons({ target, on, isMade }: { target: TargetResource; on: Branch; isMade: boolean }): ReactNode {
  const navigate = useNavigate();
  const show = (run: string): void => void navigate({ to: "/graph/runs/$run", params: { run } });
  const upstream = { type: "upstream", targetRids: [target.rid] };
  const alone = { type: "manual", targetRids: [target.rid] };
  if (!isMade) return <ActionButton path={`targets/${encodeURIComponent(target.rid)}`} method="commit" params={on.branch === undefined ? {} : { branch: on.branch }} label={text.graph.commit} />;
  return (
    <span className="buttons">
      <ActionButton<string> path="graph_builds" method="create" params={requestOf(upstream, on)} label={text.graph.build} className="primary" onDone={show} />
      <ActionButton<string> path="graph_builds" method="create" params={requestOf(alone, on, { force: true })} label={text.graph.force} onDone={show} />
      <PermittedButton path="schedules" method="create" label={text.scheduleForm.scheduleThis} onClick={() => void navigate({ to: "/graph/schedules/new", search: { target: target.name, ...(on.branch === undefined ? {} : { branch: on.branch }) } })} />
    </span>
  );
}

const columnsOf = (on: Branch): readonly Column<GraphPlanJob>[] => [
  { label: text.graph.target, className: "text", cell: ({ outputs }) => outputs.map((one) => <TargetLink key={one} target={one} on={on} />) },
  { label: text.common.state, cell: ({ stale }) => <Result look={stale ? "warnings" : "success"} label={stale ? text.graph.stale : text.graph.fresh} /> },
  { label: text.run.why, className: "text", cell: ({ reasons }) => reasons.join("; ") },
  { label: text.common.builder, className: "wide", cell: ({ builder }) => builder },
];

function Plan({ jobs, on }: { jobs: readonly GraphPlanJob[]; on: Branch }): ReactNode {
  const navigate = useNavigate();
  const nodes = useMemo(() => jobs.map(nodeOf), [jobs]);
  return (
    <>
      <Dag nodes={nodes} label={text.graph.drawn} onOpen={(target) => void navigate({ to: "/graph/targets/$target", params: { target }, search: on })} />
      <div className="scroll">
        <Table rows={jobs} columns={columnsOf(on)} keyOf={(job) => job.spec_id} />
      </div>
    </>
  );
}

function nodeOf({ outputs, depends_on: needs, builder, stale }: GraphPlanJob): DagNode {
  return {
    id: outputs[0] ?? "",
    needs,
    title: outputs.join(", "),
    subtitle: builder,
    look: stale ? "warnings" : "success",
    state: stale ? text.graph.stale : text.graph.fresh,
  };
}

const COLUMNS: readonly Column<TargetVersion>[] = [
  { label: text.graph.version, cell: ({ rid }) => <code title={rid}>{shortRid(rid)}</code> },
  { label: text.graph.branch, cell: ({ branch }) => branch },
  { label: text.common.state, cell: ({ state }) => <Result look={state === "committed" ? "success" : state === "open" ? "running" : "cancelled"} label={text.graph.state[state] ?? state} /> },
  { label: text.graph.opened, className: "nowrap", cell: ({ opened_at_ms }) => <AgoMs at={opened_at_ms} /> },
  {
    label: text.graph.job,
    cell: ({ job_rid }) =>
      job_rid === null ? (
        <span className="muted">{text.graph.outside}</span>
      ) : (
        <Link to="/graph/jobs/$job" params={{ job: job_rid }}>
          {text.graph.fromJob} <code>{shortRid(job_rid)}</code>
        </Link>
      ),
  },
  { label: text.graph.says, className: "text mono small", cell: ({ payload }) => Object.keys(payload).length > 0 && JSON.stringify(payload) },
];

function Versions({ path, rid }: { path: string; rid: string }): ReactNode {
  const query = useRows<TargetVersion>(`${path}/versions?order=-target_versionid&limit=${VERSIONS}`, { events: [`targets/${rid}/versions/*`] });
  return (
    <Section title={text.graph.versions}>
      <Document query={query}>
        {(versions) =>
          versions.length === 0 ? (
            <Empty>{text.graph.noVersions}</Empty>
          ) : (
            <div className="scroll">
              <Table rows={versions} columns={COLUMNS} keyOf={(version) => version.rid} />
            </div>
          )
        }
      </Document>
    </Section>
  );
}
