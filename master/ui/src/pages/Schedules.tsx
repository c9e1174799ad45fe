/** Schedules of job graphs, and one of them with its runs and versions. */

import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useMemo, type ReactNode } from "react";
import type { SchedulePage as Page, ScheduleResource, ScheduleRunMark, ScheduleVersionResource, TargetResource } from "../api/schema";
import { config } from "../api/config";
import { useOne, useRows } from "../api/queries";
import { shortRid, withoutRids } from "../lib/graph";
import type { Look } from "../lib/results";
import { differences } from "../lib/scheduleDiff";
import { actionText, triggerText } from "../lib/schedules";
import { ActionButton, PermittedButton } from "../parts/actions";
import { Ago, Document, Empty, Result, Section, Withheld, useTitle } from "../parts/basics";
import { GraphTabs, RunLink, ScheduleLink, Status, TargetLink } from "../parts/GraphParts";
import { ListPage, Table, type Column } from "../parts/ListPage";
import { text } from "../text";

const route = getRouteApi("/graph/schedules/$schedule");

function State({ schedule }: { schedule: ScheduleResource }): ReactNode {
  const [look, label]: [Look, string] =
    schedule.paused_by === "user"
      ? ["cancelled", text.schedule.paused]
      : schedule.paused
        ? ["failure", text.schedule.pausedByFailures]
        : schedule.active_run !== null
          ? ["running", text.schedule.running]
          : ["success", text.schedule.active];
  return <Result look={look} label={label} />;
}

function Buttons({ schedule }: { schedule: ScheduleResource }): ReactNode {
  const path = `schedules/${schedule.rid}`;
  return (
    <span className="buttons">
      {schedule.paused ? <ActionButton path={path} method="unpause" label={text.schedule.unpause} /> : <ActionButton path={path} method="pause" label={text.schedule.pause} />}
      <ActionButton path={path} method="run" label={text.schedule.run} />
    </span>
  );
}

function NewButton(): ReactNode {
  const navigate = useNavigate();
  return <PermittedButton path="schedules" method="create" label={text.scheduleForm.create} className="primary" onClick={() => void navigate({ to: "/graph/schedules/new" })} />;
}

/** Changing it, and taking it away. */
function Editing({ schedule, name }: { schedule: ScheduleResource; name: string }): ReactNode {
  const navigate = useNavigate();
  const path = `schedules/${schedule.rid}`;
  return (
    <span className="buttons">
      <Buttons schedule={schedule} />
      <PermittedButton path={path} method="replace" label={text.scheduleForm.edit} onClick={() => void navigate({ to: "/graph/schedules/$schedule/edit", params: { schedule: schedule.rid } })} />
      <ActionButton
        path={path}
        method="delete"
        label={text.scheduleForm.delete}
        className="danger"
        warning={{ title: text.scheduleForm.deleteTitle(name), text: text.scheduleForm.deleteText }}
        onDone={() => void navigate({ to: "/graph/schedules" })}
      />
    </span>
  );
}

function Next({ schedule }: { schedule: ScheduleResource }): ReactNode {
  return schedule.next_due_at === null ? <span className="muted">{text.schedule.never}</span> : <Ago at={schedule.next_due_at} />;
}

export function Schedules(): ReactNode {
  const query = useRows<ScheduleResource>("schedules", { events: ["schedules/*/*", "schedules/*/runs/*"] });
  const targets = useRows<TargetResource>("targets");
  const names = useMemo(() => new Map(targets.data?.map(({ rid, name }) => [rid, name])), [targets.data]);
  const nameOf = (rid: string): string => names.get(rid) ?? query.data?.find((one) => one.rid === rid)?.name ?? shortRid(rid);
  const columns: readonly Column<ScheduleResource>[] = [
    { label: text.common.name, className: "text", cell: ({ rid, name }) => <ScheduleLink rid={rid} name={name} /> },
    { label: text.common.state, cell: (schedule) => <State schedule={schedule} /> },
    { label: text.schedule.trigger, className: "text", cell: ({ trigger }) => triggerText(trigger, nameOf) },
    { label: text.schedule.what, className: "wide", cell: ({ action }) => actionText(action, nameOf).targets.join(", ") },
    { label: text.schedule.next, className: "nowrap", cell: (schedule) => <Next schedule={schedule} /> },
    { className: "nowrap whole", cell: (schedule) => <Buttons schedule={schedule} /> },
  ];
  return (
    <ListPage title={text.graph.schedules} query={query} none={text.schedule.none} hint={text.schedule.hint} columns={columns} keyOf={(schedule) => schedule.rid}>
      <GraphTabs />
      <p className="buttons toolbar">
        <NewButton />
      </p>
    </ListPage>
  );
}

export function SchedulePage(): ReactNode {
  const { schedule: rid } = route.useParams();
  const events = [`schedules/${rid}/*`, `schedules/${rid}/runs/*`, "graph_builds/*/*", "target_versions/*/*"];
  const query = useOne<Page>(`pages/schedules/${encodeURIComponent(rid)}`, { events });
  const name = query.data?.schedule.name ?? text.schedule.unnamed(shortRid(rid));
  useTitle(`${name} · ${config().title}`);
  return (
    <Document query={query}>
      {(page) => (
        <>
          <header className="page-head">
            <div className="grow">
              <nav aria-label={text.nav.breadcrumbs} className="crumbs">
                <Link to="/graph/schedules">{text.graph.schedules}</Link>
              </nav>
              <h1>{name}</h1>
              <p className="line">
                <State schedule={page.schedule} />
                <span className="muted">
                  {text.schedule.next}: <Next schedule={page.schedule} />
                </span>
              </p>
              {page.schedule.description && <p className="description">{page.schedule.description}</p>}
            </div>
            <Editing schedule={page.schedule} name={name} />
          </header>
          <Section title={text.schedule.why}>
            <ul className="plain">
              {page.reasons.map((reason, index) => (
                <li key={index}>
                  {withoutRids(reason.text, namesOf(page))} {reason.since !== null && reason.since !== undefined && <span className="muted"><Ago at={reason.since} /></span>}
                </li>
              ))}
            </ul>
          </Section>
          <Runs page={page} />
          <Versions page={page} />
          <Withheld parts={page.withheld} />
        </>
      )}
    </Document>
  );
}

/** What the page calls things, by their RIDs. */
function namesOf(page: Page): (rid: string) => string {
  return (rid) => {
    const known = page.targets[rid] ?? page.schedules[rid];
    return typeof known === "string" ? known : shortRid(rid);
  };
}

const RUNS: readonly Column<ScheduleRunMark>[] = [
  { label: text.schedule.when, className: "nowrap", cell: ({ run }) => <Ago at={run.created_at} /> },
  {
    label: text.common.result,
    className: "text",
    cell: ({ run }) =>
      run.outcome === null ? (
        <Result look="running" label={text.schedule.asking} />
      ) : (
        <>
          <Result look={run.outcome === "error" ? "failure" : run.outcome === "ignored" ? "skipped" : "success"} label={text.schedule.outcome[run.outcome] ?? run.outcome} />
          {run.error !== null && (
            <>
              {" "}
              <code>{run.error}</code>
            </>
          )}
          {run.description !== null && <div className="muted small">{run.description}</div>}
        </>
      ),
  },
  {
    label: text.run.one,
    className: "nowrap",
    cell: ({ run, build_status }) =>
      run.build_rid !== null && (
        <>
          <RunLink rid={run.build_rid} /> {build_status !== null && <Status status={build_status} />}
        </>
      ),
  },
  { label: text.schedule.how, cell: ({ run }) => <span className="muted">{run.created_by === null ? text.schedule.byTrigger : text.schedule.byHand}</span> },
  { label: text.graph.version, className: "wide", cell: ({ run }) => <code title={run.version_rid}>{shortRid(run.version_rid)}</code> },
];

function Runs({ page }: { page: Page }): ReactNode {
  return (
    <Section title={text.schedule.runs}>
      {page.runs.length === 0 ? (
        <Empty>{text.schedule.noRuns}</Empty>
      ) : (
        <div className="scroll">
          <Table rows={page.runs} columns={RUNS} keyOf={({ run }) => run.rid} />
        </div>
      )}
    </Section>
  );
}

function Versions({ page }: { page: Page }): ReactNode {
  const nameOf = namesOf(page);
  const columns: readonly Column<ScheduleVersionResource>[] = [
    {
      label: text.graph.version,
      className: "nowrap",
      cell: ({ rid }) => (
        <>
          <code title={rid}>{shortRid(rid)}</code> {rid === page.schedule.version_rid && <span className="badge success">{text.schedule.present}</span>}
        </>
      ),
    },
    { label: text.schedule.when, className: "nowrap", cell: ({ created_at }) => <Ago at={created_at} /> },
    { label: text.schedule.trigger, className: "text", cell: ({ trigger }) => triggerText(trigger, nameOf) },
    { label: text.schedule.what, className: "text", cell: (version) => <Action version={version} nameOf={nameOf} /> },
    { label: text.scheduleForm.changes, className: "text", cell: (version, index) => <Changes before={page.versions[index + 1]} after={version} nameOf={nameOf} /> },
    { label: text.schedule.edited, className: "wide", cell: ({ created_by, rid }) => (rid === page.schedule.version_rid ? page.schedule.editor : <code title={created_by}>{created_by.slice(0, 8)}</code>) },
  ];
  return (
    <Section title={text.schedule.versions}>
      <div className="scroll">
        <Table rows={page.versions} columns={columns} keyOf={(version) => version.rid} />
      </div>
    </Section>
  );
}

function Changes({ before, after, nameOf }: { before: ScheduleVersionResource | undefined; after: ScheduleVersionResource; nameOf: (rid: string) => string }): ReactNode {
  if (before === undefined) return <span className="muted">{text.scheduleForm.first}</span>;
  const found = differences(before, after, nameOf);
  if (found.length === 0) return <span className="muted">{text.scheduleForm.sameAs}</span>;
  return (
    <ul className="plain">
      {found.map(({ what, was, is }) => (
        <li key={what}>
          <span className="muted">{what}:</span> {was} <span aria-hidden="true">→</span>
          <span className="visually-hidden">{text.scheduleForm.becomes}</span> {is}
        </li>
      ))}
    </ul>
  );
}

function Action({ version, nameOf }: { version: ScheduleVersionResource; nameOf: (rid: string) => string }): ReactNode {
  const { targets, how, branch, options } = actionText(version.action, nameOf);
  const scope = text.schedule.scope[String(version.scope["type"])];
  return (
    <>
      {targets.map((target, index) => (
        <span key={target}>
          {index > 0 && ", "}
          <TargetLink target={target} />
        </span>
      ))}{" "}
      <span className="muted">{[how, branch, ...options, scope].filter(Boolean).join(", ")}</span>
    </>
  );
}
