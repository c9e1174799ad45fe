/** Schedulers: what each asks for, when it does so next, what came of it last; and one of them with its runs. */

import { getRouteApi, Link } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";
import type { Builder, ForceScheduler, SchedulerPage as SchedulerDocument, SchedulerRun, SchedulersPage, SchedulerState } from "../api/schema";
import { getOne } from "../api/client";
import { config } from "../api/config";
import { useOne } from "../api/queries";
import { ActionButton, PermittedButton } from "../parts/actions";
import { Ago, Dialog, Document, Empty, Result, Section, Withheld, useTitle } from "../parts/basics";
import { ForceDialog } from "../parts/Force";
import { ListPage, Table, type Column } from "../parts/ListPage";
import { RequestMarks } from "../parts/Marks";
import { text } from "../text";

const route = getRouteApi("/schedulers/$scheduler");
const EVENTS = ["schedulers/*/*", "buildsets/*/*", "buildrequests/*/*", "builds/*/*", "masters/*/*"];
const FORCE = "ForceScheduler";
const NAMED = 3;

function SchedulerLink({ state }: { state: SchedulerState }): ReactNode {
  const { name, schedulerid } = state.scheduler;
  return (
    <Link to="/schedulers/$scheduler" params={{ scheduler: String(schedulerid) }}>
      {name}
    </Link>
  );
}

function Builders({ names, most = Infinity }: { names: readonly string[] | null; most?: number }): ReactNode {
  if (names === null) return <span className="muted">{text.schedulers.depends}</span>;
  return (
    <span className="listed">
      {names.slice(0, most).map((name) => (
        <Link key={name} to="/builders/$builder" params={{ builder: name }}>
          {name}
        </Link>
      ))}
      {names.length > most && <span className="muted">{text.front.more(names.length - most)}</span>}
    </span>
  );
}

/** When it asks for builds next, and of what. */
function Next({ state }: { state: SchedulerState }): ReactNode {
  const { next_run_at: at, run_asked_by: by, waiting_changes: waiting, scheduler } = state;
  if (by !== null) return <span className="result running">{text.schedulers.asked(by)}</span>;
  const after = waiting > 0 && <span className="muted"> {text.schedulers.after(waiting)}</span>;
  if (!scheduler.enabled) return <span className="muted">{text.schedulers.notWhileDisabled}</span>;
  if (at === null) return after || <span className="muted">{state.kind === FORCE ? text.schedulers.byForm : text.schedulers.byOccasion}</span>;
  return (
    <>
      <Ago at={at} />
      {after}
    </>
  );
}

function Run({ run }: { run: SchedulerRun | null }): ReactNode {
  if (run === null) return <span className="muted">{text.schedulers.never}</span>;
  return (
    <>
      <span className="line">
        <RequestMarks requests={run.requests} total={run.requests_total} />
        <Ago at={run.buildset.submitted_at} />
      </span>
      <span className="muted small">{run.buildset.reason}</span>
    </>
  );
}

function State({ state }: { state: SchedulerState }): ReactNode {
  const { enabled, master } = state.scheduler;
  if (!enabled) return <span className="result cancelled">{text.schedulers.disabled}</span>;
  if (!master?.active) return <span className="result failure">{text.schedulers.nobody}</span>;
  return <span className="result success">{text.schedulers.enabled}</span>;
}

function Buttons({ state }: { state: SchedulerState }): ReactNode {
  const { enabled, master, name, schedulerid } = state.scheduler;
  const path = `schedulers/${schedulerid}`;
  const isRun = enabled && master?.active;
  return (
    <span className="buttons">
      {isRun && state.kind === FORCE && <ForceButton name={name} />}
      {isRun && state.can_run && (
        <ActionButton path={path} method="run" label={text.schedulers.run} question={{ title: text.schedulers.runTitle(name), label: text.schedulers.runReason, parameter: "reason" }} />
      )}
      <ActionButton path={path} method="enable" params={{ enabled: !enabled }} label={enabled ? text.schedulers.disable : text.schedulers.enable} />
    </span>
  );
}

/** Opens the form of a force scheduler; which builder it is for is asked before, where there are several. */
function ForceButton({ name }: { name: string }): ReactNode {
  const [scheduler, setScheduler] = useState<ForceScheduler | null>(null);
  const [builder, setBuilder] = useState<number | null>(null);
  const [problem, setProblem] = useState("");
  const told = (error: unknown): void => setProblem(error instanceof Error ? error.message : String(error));
  const choose = async (one: string): Promise<void> => setBuilder((await getOne<Builder>(`builders/${encodeURIComponent(one)}`)).builderid);
  const open = async (): Promise<void> => {
    setProblem("");
    const found = await getOne<ForceScheduler>(`forceschedulers/${encodeURIComponent(name)}`);
    const [first, ...others] = found.builder_names;
    if (first !== undefined && others.length === 0) await choose(first);
    setScheduler(found);
  };
  const close = (): void => {
    setScheduler(null);
    setBuilder(null);
  };
  return (
    <>
      <PermittedButton path={`forceschedulers/${encodeURIComponent(name)}`} method="force" label={text.schedulers.form} onClick={() => void open().catch(told)} />
      {problem && (
        <span role="alert" className="error">
          {problem}
        </span>
      )}
      {scheduler && builder === null && (
        <Dialog title={text.schedulers.forWhich} onClose={close}>
          {scheduler.builder_names.length === 0 && <Empty>{text.schedulers.noBuilder}</Empty>}
          <ul className="plain columns">
            {scheduler.builder_names.map((one) => (
              <li key={one}>
                <button type="button" className="link" onClick={() => void choose(one).catch(told)}>
                  {one}
                </button>
              </li>
            ))}
          </ul>
        </Dialog>
      )}
      {scheduler && builder !== null && <ForceDialog scheduler={scheduler} builderId={builder} onClose={close} />}
    </>
  );
}

const COLUMNS: readonly Column<SchedulerState>[] = [
  {
    label: text.common.name,
    cell: (state) => (
      <>
        <SchedulerLink state={state} />
        {state.kind && <span className="below kind muted small">{state.kind}</span>}
      </>
    ),
  },
  { label: text.common.state, className: "nowrap", cell: (state) => <State state={state} /> },
  { label: text.schedulers.builders, className: "text", cell: ({ builder_names }) => <Builders names={builder_names} most={NAMED} /> },
  { label: text.schedulers.next, className: "text named", cell: (state) => <Next state={state} /> },
  { label: text.schedulers.last, className: "text named", cell: ({ last_run }) => <Run run={last_run} /> },
  { className: "nowrap whole", cell: (state) => <Buttons state={state} /> },
];

export function Schedulers(): ReactNode {
  const query = useOne<SchedulersPage>("pages/schedulers", { events: EVENTS });
  const withheld = query.data?.withheld ?? [];
  return (
    <>
      <ListPage
        title={text.schedulers.title}
        query={{ ...query, data: query.data?.schedulers }}
        none={text.schedulers.none}
        columns={withheld.includes("runs") ? COLUMNS.filter(({ label }) => label !== text.schedulers.last) : COLUMNS}
        keyOf={({ scheduler }) => scheduler.schedulerid}
      />
      <Withheld parts={withheld} />
    </>
  );
}

const RUNS: readonly Column<SchedulerRun>[] = [
  { label: text.common.started, className: "nowrap", cell: ({ buildset }) => <Ago at={buildset.submitted_at} /> },
  { label: text.common.result, className: "nowrap", cell: ({ buildset }) => <Result results={buildset.complete ? buildset.results : null} /> },
  { label: text.common.reason, className: "text", cell: ({ buildset }) => buildset.reason },
  {
    label: text.common.source,
    className: "text small",
    cell: ({ buildset }) =>
      buildset.sourcestamps
        .map((stamp) => [stamp.codebase, stamp.branch, stamp.revision?.slice(0, 10)].filter(Boolean).join(" "))
        .filter(Boolean)
        .join(", "),
  },
  { label: text.builder.builds, className: "text", cell: (run) => <RequestMarks requests={run.requests} total={run.requests_total} /> },
];

export function SchedulerPage(): ReactNode {
  const { scheduler: id } = route.useParams();
  const query = useOne<SchedulerDocument>(`pages/schedulers/${encodeURIComponent(id)}`, { events: EVENTS });
  useTitle(`${query.data?.scheduler.scheduler.name ?? text.schedulers.title} · ${config().title}`);
  return (
    <Document query={query}>
      {({ runs, scheduler: state, withheld }) => (
        <>
          <header className="page-head">
            <div className="grow">
              <nav aria-label={text.nav.breadcrumbs} className="crumbs">
                <Link to="/schedulers">{text.schedulers.title}</Link>
              </nav>
              <h1>{state.scheduler.name}</h1>
              <p className="line">
                <State state={state} />
                {state.kind && <span className="muted">{state.kind}</span>}
                {config().multiMaster && state.scheduler.master && (
                  <span className="muted">
                    {text.schedulers.master} {state.scheduler.master.name}
                  </span>
                )}
              </p>
            </div>
            <Buttons state={state} />
          </header>
          <Section title={text.schedulers.about}>
            <dl className="pairs">
              <div>
                <dt>{text.schedulers.builders}</dt>
                <dd>
                  <Builders names={state.builder_names} />
                </dd>
              </div>
              <div>
                <dt>{text.schedulers.next}</dt>
                <dd>
                  <Next state={state} />
                </dd>
              </div>
            </dl>
          </Section>
          {runs && (
            <Section title={text.schedulers.runs}>
              {runs.length === 0 ? (
                <Empty>{text.schedulers.never}</Empty>
              ) : (
                <div className="scroll">
                  <Table rows={runs} columns={RUNS} keyOf={({ buildset }) => buildset.bsid} />
                </div>
              )}
            </Section>
          )}
          <Withheld parts={withheld} />
        </>
      )}
    </Document>
  );
}
