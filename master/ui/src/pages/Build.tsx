/** A build, failure first: what went wrong, what has changed since it was good, then everything else. */

import { useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate, useRouterState } from "@tanstack/react-router";
import { useEffect, useMemo, useState, type ReactNode } from "react";
import type { Build, BuildPage, Log, StepWithLogs } from "../api/schema";
import { addressOf } from "../api/client";
import { config } from "../api/config";
import { useBuilderId, useOne } from "../api/queries";
import { ELSEWHERE, safeUrl } from "../lib/links";
import { mergeBuildPage } from "../lib/merge";
import { isBad, lookOf } from "../lib/results";
import { formatDuration } from "../lib/time";
import { ActionButton } from "../parts/actions";
import { Ago, BuildLink, BuilderLink, Document, Duration, Empty, Mark, Result, Section, Withheld, WorkerLink, iconOf, useNow, useTitle } from "../parts/basics";
import { ChangeList, shortRevision } from "../parts/Changes";
import { FailureExcerpt, LiveTail, LogLink } from "../parts/Excerpt";
import { text } from "../text";

const numbered = getRouteApi("/builders/$builder/builds/$number");
const byId = getRouteApi("/builds/$build");

export function NumberedBuild(): ReactNode {
  const { builder, number } = numbered.useParams();
  const id = useBuilderId(builder);
  return <Document query={id}>{(known) => <BuildAt key={`${known}/${number}`} path={`builders/${known}/builds/${encodeURIComponent(number)}`} />}</Document>;
}

export function BuildById(): ReactNode {
  const { build: id } = byId.useParams();
  const client = useQueryClient();
  const navigate = useNavigate();
  const query = useOne<BuildPage>(`pages/builds/${encodeURIComponent(id)}`);
  const page = query.data;
  useEffect(() => {
    if (!page) return;
    const { builderid, number } = page.build;
    // the page that is shown next has the same document
    client.setQueryData([`pages/builders/${builderid}/builds/${number}`], page);
    void navigate({ to: "/builders/$builder/builds/$number", params: { builder: String(builderid), number: String(number) }, replace: true });
  }, [client, navigate, page]);
  return <Document query={query}>{() => null}</Document>;
}

function BuildAt({ path }: { path: string }): ReactNode {
  const [known, setKnown] = useState<number | null>(null);
  const [isOver, setOver] = useState(false);
  // events name the build by its id, which the first answer tells
  const [running, setRunning] = useState("");
  const events =
    known === null || isOver
      ? []
      : [`builds/${known}/*`, `builds/${known}/steps/*/*`, `builds/${known}/properties/update`, ...running.split(" ").filter(Boolean).map((step) => `steps/${step}/logs/*/*`)];
  const query = useOne<BuildPage>(`pages/${path}`, { events, merge: mergeBuildPage });
  const page = query.data;
  const id = page?.build.buildid ?? null;
  const complete = page?.build.complete ?? false;
  const open = (page?.steps ?? []).filter(({ step }) => step.started_at !== null && !step.complete).map(({ step }) => step.stepid).join(" ");
  useEffect(() => {
    if (id !== null) setKnown(id);
    setOver(complete);
    setRunning(open);
  }, [id, complete, open]);
  const name = page ? text.build.title(page.builder?.name ?? String(page.build.builderid), page.build.number) : text.common.build;
  useTitle(page ? `${text.looks[lookOf(page.build.results)]}: ${name} · ${config().title}` : name, page ? iconOf(page.build.results) : "neutral");
  return <Document query={query}>{(data) => <Body page={data} name={name} />}</Document>;
}

function Body({ page, name }: { page: BuildPage; name: string }): ReactNode {
  const failing = page.steps?.find(({ step }) => isBad(step.results) && !step.hidden);
  return (
    <>
      <Head page={page} name={name} />
      {failing && <Failure page={page} failing={failing} />}
      {(isBad(page.build.results) || failing) && <Suspects page={page} />}
      <Steps page={page} failing={failing} />
      <Others page={page} />
      <Sources page={page} />
      <Differences page={page} />
      <Properties page={page} />
      <DataAndTests page={page} />
      <Withheld parts={page.withheld} />
    </>
  );
}

// -- head ---------------------------------------------------------------------------------

function Head({ page, name }: { page: BuildPage; name: string }): ReactNode {
  const { build, builder } = page;
  const [told, setTold] = useState("");
  const look = lookOf(build.results);
  return (
    <header className={`page-head build-head ${look}`}>
      <div className="grow">
        <nav aria-label={text.nav.breadcrumbs} className="crumbs">
          <Link to="/builders">{text.builders.title}</Link>
          <span aria-hidden="true">/</span>
          <BuilderLink id={build.builderid}>{builder?.name ?? build.builderid}</BuilderLink>
        </nav>
        <h1>
          <span className="visually-hidden">{name}</span>
          <span aria-hidden="true">{text.common.number(build.number)}</span> <Result results={build.results} />
        </h1>
        <p className="line muted">
          <span className="state">{build.state_string}</span>
          <Duration from={build.started_at} to={build.complete_at} />
          <Ago at={build.started_at} />
          {page.worker !== null && build.workerid !== null && (
            <span>
              {text.build.onWorker} <WorkerLink id={build.workerid}>{page.worker}</WorkerLink>
            </span>
          )}
          {build.locks_duration_s > 0 && <span>{text.common.locked(formatDuration(build.locks_duration_s))}</span>}
        </p>
        {page.buildset && (
          <p className="line muted">
            <span>{page.buildset.reason}</span>
          </p>
        )}
        {told && <p role="status">{told}</p>}
      </div>
      <div className="buttons">
        {page.previous_number !== null && (
          <BuildLink builder={build.builderid} number={page.previous_number} className="button">
            <span aria-hidden="true">‹</span> <span className="visually-hidden">{text.build.previous}</span> {text.common.number(page.previous_number)}
          </BuildLink>
        )}
        {page.next_number !== null && (
          <BuildLink builder={build.builderid} number={page.next_number} className="button">
            <span className="visually-hidden">{text.build.next}</span> {text.common.number(page.next_number)} <span aria-hidden="true">›</span>
          </BuildLink>
        )}
        {build.complete ? (
          <ActionButton path={`builds/${build.buildid}`} method="rebuild" label={text.build.rebuild} onDone={() => setTold(text.build.rebuilt)} />
        ) : (
          <ActionButton
            path={`builds/${build.buildid}`}
            method="stop"
            label={text.build.stop}
            className="danger"
            question={{ title: text.build.stopTitle, label: text.build.stopReason, parameter: "reason" }}
            onDone={() => setTold(text.build.stopping)}
          />
        )}
      </div>
    </header>
  );
}

// -- what went wrong -------------------------------------------------------------------------

/** The log that most likely says why. */
function tellingLog(logs: readonly Log[] | null): Log | undefined {
  const written = (logs ?? []).filter((log) => log.num_lines > 0 && log.type !== "d");
  return written.find((log) => log.name.startsWith("err.")) ?? written.find((log) => log.type === "s") ?? written[0];
}

function Failure({ page, failing }: { page: BuildPage; failing: StepWithLogs }): ReactNode {
  const { step, logs } = failing;
  const log = tellingLog(logs);
  return (
    <section className={`card failure-card edge ${lookOf(step.results)}`} aria-label={text.build.failing(step.name)}>
      <header className="card-head">
        <h2>
          <Mark look={lookOf(step.results)} /> {text.build.failing(step.name)}
        </h2>
        <span className="muted">{step.state_string}</span>
      </header>
      {log ? <FailureExcerpt build={page.build} step={step} log={log} /> : <p className="muted">{text.build.noOutput}</p>}
    </section>
  );
}

function Suspects({ page }: { page: BuildPage }): ReactNode {
  const { difference, changes } = page;
  if (difference === null) {
    if (changes === null) return null;
    return (
      <Section title={text.build.changes}>
        <p className="muted">{text.build.firstBad}</p>
        <ChangeList changes={changes} />
      </Section>
    );
  }
  if (difference.changes === null) return null;
  return (
    <Section
      title={text.build.changesSince(difference.build.number)}
      aside={
        <BuildLink builder={difference.build.builderid} number={difference.build.number}>
          {text.common.number(difference.build.number)}
        </BuildLink>
      }
    >
      {difference.changes.length === 0 ? <p className="muted">{text.build.noChangesSince}</p> : <ChangeList changes={difference.changes} />}
      {difference.more_changes && <p className="muted">{text.build.moreChanges}</p>}
    </Section>
  );
}

// -- steps --------------------------------------------------------------------------------------

function Steps({ page, failing }: { page: BuildPage; failing: StepWithLogs | undefined }): ReactNode {
  const [showsHidden, setShowsHidden] = useState(false);
  const { steps, build } = page;
  const isRunning = !build.complete;
  const now = useNow(isRunning);
  if (steps === null) return null;
  const hidden = steps.filter(({ step }) => step.hidden).length;
  const shown = steps.filter(({ step }) => showsHidden || !step.hidden);
  const end = build.complete_at ?? now;
  return (
    <Section title={text.build.steps}>
      {steps.length === 0 && <Empty>{text.build.noSteps}</Empty>}
      <ol className="steps">
        {shown.map((one) => (
          <StepItem key={one.step.stepid} page={page} one={one} isFailing={one === failing} begin={build.started_at} end={end} />
        ))}
      </ol>
      {hidden > 0 && !showsHidden && (
        <button type="button" className="quiet" onClick={() => setShowsHidden(true)}>
          {text.build.hidden(hidden)}
        </button>
      )}
    </Section>
  );
}

function StepItem({ page, one, isFailing, begin, end }: { page: BuildPage; one: StepWithLogs; isFailing: boolean; begin: number; end: number }): ReactNode {
  const { step, logs } = one;
  const isRunning = step.started_at !== null && !step.complete;
  const look = step.started_at === null && !step.complete ? "waiting" : lookOf(step.results);
  const hash = useRouterState({ select: (state) => state.location.hash });
  const isWanted = hash === `step-${step.number}`;
  const [isOpen, setOpen] = useState(isFailing || isRunning || isWanted);
  const [touched, setTouched] = useState(false);
  const isShown = touched ? isOpen : isFailing || isRunning || isWanted;
  const live = isRunning ? tellingLog(logs) : undefined;
  const urls = Array.isArray(step.urls) ? (step.urls as { name: string; url: string }[]) : [];
  useEffect(() => {
    if (isWanted) document.getElementById(`step-${step.number}`)?.scrollIntoView({ block: "center" });
  }, [isWanted, step.number]);
  return (
    <li id={`step-${step.number}`} className={`step ${look}`}>
      <details
        open={isShown}
        onToggle={(event) => {
          if (event.currentTarget.open === isShown) return;
          setTouched(true);
          setOpen(event.currentTarget.open);
        }}
      >
        <summary>
          <Mark look={look} />
          <span className="step-name">{step.name}</span>
          <span className="step-state muted">{step.state_string}</span>
          <Bar begin={begin} end={end} from={step.started_at} to={step.complete_at ?? (isRunning ? end : null)} look={look} />
          <span className="step-time">
            <Duration from={step.started_at} to={step.complete_at} />
          </span>
        </summary>
        <div className="step-body">
          <ul className="logs">
            {logs?.map((log) => (
              <li key={log.logid}>
                <LogLink build={page.build} step={step} log={log}>
                  {log.name}
                </LogLink>{" "}
                <span className="muted small">{text.build.logLines(log.num_lines)}</span>
              </li>
            ))}
            {urls.map(({ name, url }) => (
              <li key={name}>
                <StepUrl name={name} url={url} />
              </li>
            ))}
            {logs?.length === 0 && urls.length === 0 && <li className="muted">{text.build.noLogs}</li>}
          </ul>
          {live && <LiveTail log={live} />}
        </div>
      </details>
    </li>
  );
}

/** A link that a step has given; those into these pages stay in them. */
function StepUrl({ name, url }: { name: string; url: string }): ReactNode {
  const safe = safeUrl(url);
  if (safe === undefined) return <span>{name}</span>;
  const own = config().buildbotURL;
  if (safe.startsWith(`${own}#/`)) return <a href={safe.slice(own.length)}>{name}</a>;
  return (
    <a href={safe} {...ELSEWHERE}>
      {name}
    </a>
  );
}

/** When a step ran, within the time of its build. */
function Bar({ begin, end, from, to, look }: { begin: number; end: number; from: number | null; to: number | null; look: string }): ReactNode {
  const whole = Math.max(1, end - begin);
  if (from === null || to === null) return <span className="bar" aria-hidden="true" />;
  const left = Math.min(99, Math.max(0, ((from - begin) / whole) * 100));
  const width = Math.max(1, Math.min(100 - left, ((to - from) / whole) * 100));
  return (
    <svg className={`bar ${look}`} viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
      <rect x={left} width={width} height="4" />
    </svg>
  );
}

// -- around it ------------------------------------------------------------------------------------

function BuildRows({ builds }: { builds: readonly Build[] }): ReactNode {
  return (
    <ul className="plain">
      {builds.map((build) => (
        <li key={build.buildid} className="line">
          <Mark look={lookOf(build.results)} />
          <Link to="/builds/$build" params={{ build: String(build.buildid) }}>
            {text.common.build} {build.buildid}
          </Link>
          <span className="muted">{build.state_string}</span>
          <Duration from={build.started_at} to={build.complete_at} />
        </li>
      ))}
    </ul>
  );
}

function Others({ page }: { page: BuildPage }): ReactNode {
  const attempts = page.attempts?.filter((build) => build.buildid !== page.build.buildid) ?? [];
  const groups: [string, readonly Build[]][] = [
    [text.build.triggered, page.triggered ?? []],
    [text.build.parent, page.parent ? [page.parent] : []],
    [text.build.attempts, attempts],
    [text.build.rebuiltFrom, page.rebuilt ? [page.rebuilt] : []],
    [text.build.rebuilds, page.rebuilds ?? []],
  ];
  return groups.map(([title, builds]) =>
    builds.length ? (
      <Section key={title} title={title}>
        <BuildRows builds={builds} />
      </Section>
    ) : null,
  );
}

function Sources({ page }: { page: BuildPage }): ReactNode {
  const stamps = page.buildset?.sourcestamps ?? [];
  const showsChanges = !isBad(page.build.results) && !!page.changes?.length;
  if (!showsChanges && !stamps.some((stamp) => stamp.repository || stamp.revision || stamp.branch || stamp.patch)) return null;
  return (
    <Section title={text.build.sources}>
      <ul className="plain">
        {stamps.map((stamp) => (
          <li key={stamp.ssid} className="line">
            {stamp.codebase && <strong>{stamp.codebase}</strong>}
            {stamp.repository && <span className="mono">{stamp.repository}</span>}
            {stamp.branch && (
              <span>
                {text.build.branch} <code>{stamp.branch}</code>
              </span>
            )}
            <span>
              {text.build.revision} <code title={stamp.revision ?? ""}>{stamp.revision ? shortRevision(stamp.revision) : text.build.newest}</code>
            </span>
            {stamp.patch && <span>{text.build.patch(stamp.patch.author)}</span>}
          </li>
        ))}
      </ul>
      {showsChanges && page.changes && <ChangeList changes={page.changes} />}
    </Section>
  );
}

function Differences({ page }: { page: BuildPage }): ReactNode {
  const { difference, build } = page;
  if (difference === null || !isBad(build.results)) return null;
  const rows: [string, string, ReactNode, ReactNode][] = [
    ...(difference.sources ?? []).map((one): [string, string, ReactNode, ReactNode] => [
      `s ${one.codebase}`,
      `${text.build.revision} ${one.codebase}`,
      one.was?.revision ?? text.build.nothing,
      one.becomes?.revision ?? text.build.nothing,
    ]),
    ...(difference.steps ?? []).map((one): [string, string, ReactNode, ReactNode] => [`t ${one.name}`, one.name, <StepEnd key="w" results={one.was} />, <StepEnd key="b" results={one.becomes} />]),
    ...(difference.properties ?? []).map((one): [string, string, ReactNode, ReactNode] => [`p ${one.name}`, one.name, one.was ?? text.build.nothing, one.becomes ?? text.build.nothing]),
  ];
  if (rows.length === 0) return null;
  return (
    <details className="card fold">
      <summary>
        <h2>{text.build.differences(difference.build.number)}</h2> <span className="count">{rows.length}</span>
      </summary>
      <div className="scroll">
        <table className="properties">
          <thead>
            <tr>
              <th>{text.common.name}</th>
              <th>{text.common.number(difference.build.number)}</th>
              <th>{text.common.number(build.number)}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(([key, name, was, becomes]) => (
              <tr key={key}>
                <td className="mono">{name}</td>
                <td className="mono value">{was}</td>
                <td className="mono value">{becomes}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

function StepEnd({ results }: { results: number | null }): ReactNode {
  return results === null ? <span className="muted">{text.build.nothing}</span> : <Result results={results} />;
}

function Properties({ page }: { page: BuildPage }): ReactNode {
  const [filter, setFilter] = useState("");
  const rows = useMemo(
    () => Object.entries(page.properties ?? {}).sort(([a], [b]) => a.localeCompare(b)).map(([name, [value, source]]) => ({ name, value: typeof value === "string" ? value : JSON.stringify(value), source })),
    [page.properties],
  );
  if (page.properties === null) return null;
  const wanted = filter.toLowerCase();
  const shown = rows.filter((row) => `${row.name} ${row.value}`.toLowerCase().includes(wanted));
  return (
    <details className="card fold" id="properties">
      <summary>
        <h2>{text.build.properties}</h2> <span className="count">{rows.length}</span>
      </summary>
      <div className="toolbar">
        <input type="search" aria-label={text.build.propertyFilter} placeholder={text.build.propertyFilter} value={filter} onChange={(event) => setFilter(event.target.value)} />
      </div>
      <div className="scroll">
        <table className="properties">
          <thead>
            <tr>
              <th>{text.common.name}</th>
              <th>{text.common.value}</th>
              <th>{text.common.source}</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => (
              <tr key={row.name}>
                <td className="mono">{row.name}</td>
                <td className="mono value">{row.value}</td>
                <td className="muted">{row.source}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

function DataAndTests({ page }: { page: BuildPage }): ReactNode {
  const sets = page.test_result_sets ?? [];
  const data = page.data ?? [];
  return (
    <>
      {sets.length > 0 && (
        <Section title={text.build.tests}>
          <ul className="plain">
            {sets.map((set) => (
              <li key={set.test_result_setid} className="line">
                <Link to="/builders/$builder/builds/$number/tests" params={{ builder: String(page.build.builderid), number: String(page.build.number) }}>
                  {set.description ?? set.category}
                </Link>
                {!!set.tests_failed && (
                  <span className="result failure">
                    {SIGN} {set.tests_failed}
                  </span>
                )}
                <span className="muted">{set.value_unit}</span>
              </li>
            ))}
          </ul>
        </Section>
      )}
      {data.length > 0 && (
        <Section title={text.build.data}>
          <ul className="plain">
            {data.map((one) => (
              <li key={one.name} className="line">
                <a href={addressOf(`api/v2/builds/${page.build.buildid}/data/${encodeURIComponent(one.name)}/value`)}>{one.name}</a>
                <span className="muted">
                  {one.length.toLocaleString()} B, {one.source}
                </span>
              </li>
            ))}
          </ul>
        </Section>
      )}
    </>
  );
}

const SIGN = "✗";
