/** A build, failure first: what went wrong, what has changed since it was good, then everything else. */

import { useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useEffect, useMemo, useState, type ReactNode } from "react";
import type { Build, BuildPage, NamedBuild } from "../api/schema";
import { addressOf } from "../api/client";
import { config } from "../api/config";
import { useBuilderId, useOne } from "../api/queries";
import { causeOf, hasFailedPart, triggeredBy, wasStopped } from "../lib/cause";
import { mergeBuildPage } from "../lib/merge";
import { isBad, lookOf } from "../lib/results";
import { formatDuration } from "../lib/time";
import { ActionButton } from "../parts/actions";
import { Ago, BuildLink, BuilderLink, Document, Duration, Result, Section, Withheld, WorkerLink, iconOf, useTitle } from "../parts/basics";
import { Differences, Suspects } from "../parts/build/Differences";
import { NamedLink, Reason } from "../parts/build/Reason";
import { Steps } from "../parts/build/Steps";
import { Stopped } from "../parts/build/Stopped";
import { Expected } from "../parts/Progress";
import { ChangeList, shortRevision } from "../parts/Changes";
import { EnvironmentFold } from "../parts/Environment";
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
  const isWrong = isBad(page.build.results) || (!page.build.complete && causeOf(page) !== undefined);
  return (
    <>
      <Head page={page} name={name} />
      <Reason page={page} />
      {isWrong && <Suspects page={page} />}
      <Differences page={page} />
      <Steps page={page} />
      <Others page={page} />
      <Sources page={page} />
      <Properties page={page} />
      {page.environment && <EnvironmentFold environment={page.environment} title={text.environment.ofBuild} />}
      <DataAndTests page={page} />
      <p className="muted small">
        <a href={addressOf(`api/v2/pages/builds/${page.build.buildid}`)}>{text.build.asJson}</a>
      </p>
      <Withheld parts={page.withheld} />
    </>
  );
}

// -- head ---------------------------------------------------------------------------------

function Head({ page, name }: { page: BuildPage; name: string }): ReactNode {
  const { build, builder } = page;
  const [told, setTold] = useState("");
  const navigate = useNavigate();
  const follow = ([, requests]: [number, Record<string, number>]): void => {
    const [request] = Object.values(requests);
    if (request === undefined) setTold(text.build.rebuiltFailed);
    else void navigate({ to: "/buildrequests/$request", params: { request: String(request) }, search: { redirect_to_build: true } });
  };
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
          {!build.complete && <Expected from={build.started_at} typical={page.typical_s} />}
          <Ago at={build.started_at} />
          {page.worker !== null && build.workerid !== null && (
            <span>
              {text.build.onWorker} <WorkerLink id={build.workerid}>{page.worker}</WorkerLink>
            </span>
          )}
          {build.locks_duration_s > 0 && <span>{text.common.locked(formatDuration(build.locks_duration_s))}</span>}
        </p>
        <Whence page={page} />
        {page.stop && !wasStopped(page) && (
          <p className="line">
            <span>
              <Stopped stop={page.stop} />
            </span>
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
        {hasFailedPart(page) && (
          <ActionButton
            path={`builds/${build.buildid}`}
            method="rebuild"
            params={{ part: "failed" }}
            label={text.build.rebuildFailed}
            hint={text.build.rebuildFailedHint(page.could_take_over ?? 0)}
            className="primary"
            onDone={follow}
          />
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

/** Why there is this build, how long that waited, and which builds it comes from. */
function Whence({ page }: { page: BuildPage }): ReactNode {
  const { build, buildset, request, parent, rebuilt, attempts, failed_part_of: origin } = page;
  const builder = page.builder?.name ?? null;
  const attempt = (attempts ?? []).findIndex(({ buildid }) => buildid === build.buildid) + 1;
  const waited = request ? build.started_at - request.submitted_at : 0;
  return (
    <p className="line muted">
      {buildset && !origin && <span>{buildset.reason}</span>}
      {waited > 0 && <span>{text.build.waited(formatDuration(waited))}</span>}
      {attempts && attempts.length > 1 && <span>{text.build.attempt(attempt, attempts.length)}</span>}
      {parent && (
        <span>
          {text.build.parent} <NamedLink one={parent} />
        </span>
      )}
      {origin && (
        <span>
          {text.build.failedPartOf} <NamedLink one={{ build: origin, builder }} />
        </span>
      )}
      {rebuilt && rebuilt.buildid !== origin?.buildid && (
        <span>
          {text.build.rebuiltFrom} <NamedLink one={{ build: rebuilt, builder }} />
        </span>
      )}
    </p>
  );
}

// -- around it ------------------------------------------------------------------------------------

/** Builds that this one has made, and its other attempts and repetitions. */
function Others({ page }: { page: BuildPage }): ReactNode {
  const ofSteps = new Set((page.steps ?? []).flatMap(({ step }) => triggeredBy(step, page.triggered).map(({ build }) => build.buildid)));
  const named = (build: Build): NamedBuild => ({ build, builder: page.builder?.name ?? null });
  const groups: [string, readonly NamedBuild[]][] = [
    [text.build.triggered, (page.triggered ?? []).filter(({ build }) => !ofSteps.has(build.buildid))],
    [text.build.attempts, (page.attempts ?? []).filter(({ buildid }) => buildid !== page.build.buildid).map(named)],
    [text.build.rebuilds, (page.rebuilds ?? []).map(named)],
  ];
  return groups.map(([title, builds]) =>
    builds.length ? (
      <Section key={title} title={title}>
        <ul className="plain">
          {builds.map((one) => (
            <li key={one.build.buildid} className="line">
              <NamedLink one={one} />
              <span className="muted">{one.build.state_string}</span>
              <Duration from={one.build.started_at} to={one.build.complete_at} />
            </li>
          ))}
        </ul>
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
