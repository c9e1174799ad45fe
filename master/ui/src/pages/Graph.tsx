/** What is made of what: targets with their newest versions, and what is stale. */

import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useMemo, type ReactNode } from "react";
import type { GraphPage, TargetState } from "../api/schema";
import { config } from "../api/config";
import { useOne } from "../api/queries";
import { branchOf, requestOf, stateOf, type Branch } from "../lib/graph";
import { ActionButton } from "../parts/actions";
import { BuilderLink, Document, Empty, Result, Section, Withheld, useTitle } from "../parts/basics";
import { Dag, type DagNode } from "../parts/Dag";
import { AgoMs, GraphTabs, TargetLink } from "../parts/GraphParts";
import { Table, type Column } from "../parts/ListPage";
import { text } from "../text";

const route = getRouteApi("/graph");
const EVENTS = ["graph_builds/*/*", "target_versions/*/*", "builders/*/*"];

export default function Graph(): ReactNode {
  const { branch } = route.useSearch();
  const query = useOne<GraphPage>(branch === undefined ? "pages/graph" : `pages/graph/${encodeURIComponent(branch)}`, { events: EVENTS });
  useTitle(`${text.graph.title} · ${config().title}`);
  return (
    <>
      <h1>{text.graph.title}</h1>
      <GraphTabs />
      <Document query={query}>{(page) => <Body page={page} />}</Document>
    </>
  );
}

const columnsOf = (on: Branch): readonly Column<TargetState>[] => [
  { label: text.graph.target, cell: ({ target }) => <TargetLink target={target.name} on={on} /> },
  {
    label: text.common.state,
    className: "text",
    cell: (one) => (
      <>
        <Result {...stateOf(one)} />
        {one.reasons !== null && one.stale !== false && one.reasons.length > 0 && <div className="muted small">{one.reasons.join("; ")}</div>}
      </>
    ),
  },
  { label: text.graph.newest, className: "nowrap", cell: (one) => <Newest target={one} /> },
  { label: text.graph.madeBy, cell: ({ builder, builderid }) => (builder !== null && builderid !== null ? <BuilderLink id={builderid}>{builder}</BuilderLink> : builder) },
  { label: text.graph.madeOf, className: "wide", cell: ({ inputs }) => inputs?.join(", ") },
];

function Newest({ target: { version } }: { target: TargetState }): ReactNode {
  if (version === null) return <span className="muted">{text.graph.noVersion}</span>;
  const ago = <AgoMs at={version.closed_at_ms ?? version.opened_at_ms} />;
  if (version.job_rid === null) return ago;
  return (
    <Link to="/graph/jobs/$job" params={{ job: version.job_rid }}>
      {ago}
    </Link>
  );
}

function Body({ page }: { page: GraphPage }): ReactNode {
  const navigate = useNavigate();
  const on = branchOf(page);
  const stale = page.targets.filter((one) => one.stale === true).length;
  const nodes = useMemo(() => page.targets.filter((one) => one.inputs !== null).map(nodeOf), [page.targets]);
  const choose = (branch: string): void => void navigate({ to: "/graph", search: branch === page.branches[0] ? {} : { branch } });
  if (page.targets.length === 0) return <Empty hint={text.graph.hint}>{text.graph.none}</Empty>;
  return (
    <>
      <div className="toolbar">
        <label className="inline">
          {text.graph.branch}
          <select value={page.branch} onChange={(event) => choose(event.target.value)}>
            {[...new Set([...page.branches, page.branch])].map((branch) => (
              <option key={branch}>{branch}</option>
            ))}
          </select>
        </label>
        {page.problem === null && (
          <span className="muted" role="status">
            {text.graph.counts(stale, page.targets.length)}
          </span>
        )}
        {stale > 0 && (
          <ActionButton<string>
            path="graph_builds"
            method="create"
            params={requestOf({ type: "every" }, on)}
            label={text.graph.buildAll}
            className="primary"
            onDone={(rid) => void navigate({ to: "/graph/runs/$run", params: { run: rid } })}
          />
        )}
      </div>
      {page.problem !== null && <p className="note">{text.graph.problem(page.problem)}</p>}
      {nodes.length > 0 && (
        <Section title={text.graph.drawn}>
          <Dag nodes={nodes} label={text.graph.drawn} onOpen={(target) => void navigate({ to: "/graph/targets/$target", params: { target }, search: on })} />
        </Section>
      )}
      <div className="card flush scroll">
        <Table rows={page.targets} columns={columnsOf(on)} keyOf={(one) => one.target.rid} />
      </div>
      {page.targets_total > page.targets.length && <p className="muted">{text.graph.more(page.targets_total - page.targets.length)}</p>}
      <Withheld parts={page.withheld} />
    </>
  );
}

function nodeOf(one: TargetState): DagNode {
  const { look, label } = stateOf(one);
  return { id: one.target.name, needs: one.inputs ?? [], title: one.target.name, subtitle: one.builder ?? "", look, state: label };
}
