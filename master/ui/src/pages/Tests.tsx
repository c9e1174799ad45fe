/** Tests: the newest results, those of a builder and of a build, and one test over many builds. */

import { getRouteApi, Link } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";
import type { TestedBuild, TestLine, TestResult, TestResultSet, TestsPage } from "../api/schema";
import { config } from "../api/config";
import { useBuilderId, useOne, useRows } from "../api/queries";
import { SIGNS } from "../lib/results";
import { formatNanoseconds, hasFailed, lookOfOutcome, matching } from "../lib/tests";
import { Ago, BuildLink, Document, Empty, Result, Section, Withheld, useTitle } from "../parts/basics";
import { shortRevision } from "../parts/Changes";
import { ListPage, Table, type Column } from "../parts/ListPage";
import { useBuilderNames } from "../parts/requests";
import { text } from "../text";

const SETS = 100;
const RESULTS = 500;
const EVENTS = ["test_result_sets/*/completed"];
const builderRoute = getRouteApi("/builders/$builder/tests");
const testRoute = getRouteApi("/builders/$builder/tests/$test");
const buildRoute = getRouteApi("/builders/$builder/builds/$number/tests");

function Counts({ failed, passed }: { failed: number | null; passed: number | null }): ReactNode {
  return (
    <>
      {failed !== null && failed > 0 && <Result look="failure" label={text.tests.failed(failed)} />}{" "}
      {passed !== null && <Result look={failed ? "skipped" : "success"} label={text.tests.passed(passed)} />}
    </>
  );
}

/** The newest results of all builders. */
export function Newest(): ReactNode {
  const query = useRows<TestResultSet>(`test_result_sets?order=-test_result_setid&limit=${SETS}`, { events: EVENTS });
  const names = useBuilderNames();
  const columns: readonly Column<TestResultSet>[] = [
    {
      label: text.common.builder,
      cell: ({ builderid }) => (
        <Link to="/builders/$builder/tests" params={{ builder: String(builderid) }}>
          {names.get(builderid) ?? builderid}
        </Link>
      ),
    },
    { label: text.tests.set, className: "text", cell: ({ description, category }) => description ?? category },
    { label: text.tests.ratio, className: "nowrap", cell: ({ tests_failed, tests_passed }) => <Counts failed={tests_failed} passed={tests_passed} /> },
    {
      label: text.common.build,
      cell: ({ buildid }) => (
        <Link to="/builds/$build" params={{ build: String(buildid) }}>
          {text.common.build} {buildid}
        </Link>
      ),
    },
  ];
  return (
    <ListPage title={text.tests.title} query={query} none={text.tests.none} hint={text.tests.hint} columns={columns} keyOf={(one) => one.test_result_setid}>
      <p className="muted">{text.tests.newestSets}</p>
    </ListPage>
  );
}

export function TestsOfBuilder(): ReactNode {
  const { builder } = builderRoute.useParams();
  const id = useBuilderId(builder);
  const query = useOne<TestsPage>(`pages/builders/${id.data}/tests`, { events: EVENTS, enabled: id.data !== undefined });
  return <Document query={id.data === undefined ? { ...query, error: id.error } : query}>{(page) => <Tests page={page} title={text.tests.of(page.builder.name)} />}</Document>;
}

export function TestsOfBuild(): ReactNode {
  const { builder, number } = buildRoute.useParams();
  const id = useBuilderId(builder);
  const query = useOne<TestsPage>(`pages/builders/${id.data}/builds/${number}/tests`, { events: EVENTS, enabled: id.data !== undefined });
  return (
    <Document query={id.data === undefined ? { ...query, error: id.error } : query}>
      {(page) => <Tests page={page} title={text.tests.of(text.build.title(page.builder.name, page.build?.number ?? 0))} />}
    </Document>
  );
}

/** One test. */
export function TestPage(): ReactNode {
  const { builder, test } = testRoute.useParams();
  const id = useBuilderId(builder);
  const query = useOne<TestsPage>(`pages/builders/${id.data}/tests/${encodeURIComponent(test)}`, { events: EVENTS, enabled: id.data !== undefined });
  useTitle(`${test} · ${config().title}`);
  return <Document query={id.data === undefined ? { ...query, error: id.error } : query}>{(page) => <One page={page} name={test} />}</Document>;
}

function Crumbs({ page, back = false }: { page: TestsPage; back?: boolean }): ReactNode {
  const builder = String(page.builder.builderid);
  return (
    <nav aria-label={text.nav.breadcrumbs} className="crumbs">
      <Link to="/builders/$builder" params={{ builder }}>
        {page.builder.name}
      </Link>
      {page.build && (
        <>
          {" / "}
          <BuildLink builder={page.builder.builderid} number={page.build.number}>
            {text.common.number(page.build.number)}
          </BuildLink>
        </>
      )}
      {(back || page.build) && (
        <>
          {" / "}
          <Link to="/builders/$builder/tests" params={{ builder }}>
            {text.tests.ofBuilder}
          </Link>
        </>
      )}
    </nav>
  );
}

function Tests({ page, title }: { page: TestsPage; title: string }): ReactNode {
  const [words, setWords] = useState("");
  const [newest] = page.builds;
  useTitle(`${title} · ${config().title}`, newest === undefined ? "neutral" : newest.failed ? "bad" : "good");
  const shown = matching(page.tests, words);
  return (
    <>
      <header className="page-head">
        <div className="grow">
          <Crumbs page={page} />
          <h1>{title}</h1>
          {newest && (
            <p className="line">
              <BuildLink builder={page.builder.builderid} number={newest.number}>
                {text.common.number(newest.number)}
              </BuildLink>
              <Counts failed={newest.failed} passed={newest.passed} />
              <span className="muted">
                <Ago at={newest.started_at} />
              </span>
            </p>
          )}
        </div>
      </header>
      {newest === undefined ? (
        <Empty hint={text.tests.hint}>{page.build ? text.tests.noneOfBuild : text.tests.none}</Empty>
      ) : (
        <>
          <Section title={text.tests.list}>
            {page.tests.length === 0 ? (
              <p className="empty good">{text.tests.allPassed}</p>
            ) : (
              <>
                <div className="toolbar">
                  <input type="search" aria-label={text.tests.filter} placeholder={text.tests.filter} value={words} onChange={(event) => setWords(event.target.value)} />
                  <span className="muted" role="status">
                    {text.tests.shown(shown.length, page.tests.length)}
                  </span>
                </div>
                <div className="scroll">
                  <Table rows={shown} columns={columnsOf(page)} keyOf={(one) => `${one.path} ${one.name}`} />
                </div>
              </>
            )}
            {page.tests_total > page.tests.length && <p className="muted">{text.tests.more(page.tests_total - page.tests.length)}</p>}
          </Section>
          {page.sets.map((set) => (
            <AllResults key={set.test_result_setid} set={set} builder={page.builder.builderid} />
          ))}
        </>
      )}
      <Withheld parts={page.withheld} />
    </>
  );
}

function columnsOf(page: TestsPage): readonly Column<TestLine>[] {
  const builder = page.builder.builderid;
  return [
    { label: text.tests.test, className: "text", cell: (test) => <Name test={test} builder={builder} /> },
    {
      label: text.tests.now,
      className: "nowrap",
      cell: ({ failing, since_number }) =>
        failing > 0 && since_number !== null ? (
          <>
            <Result look="failure" label={text.tests.failing} /> <span className="muted small">{text.tests.failingFor(failing, since_number)}</span>
          </>
        ) : (
          <Result look="success" label={text.tests.passes} />
        ),
    },
    { label: text.tests.history, className: "whole", cell: ({ outcomes }) => <Outcomes outcomes={outcomes} builds={page.builds} builder={builder} /> },
    { label: text.tests.took, className: "nowrap", cell: ({ duration_ns }) => duration_ns !== null && formatNanoseconds(duration_ns) },
  ];
}

function Name({ test, builder }: { test: TestLine; builder: number }): ReactNode {
  return (
    <>
      <Link to="/builders/$builder/tests/$test" params={{ builder: String(builder), test: test.name }}>
        {test.name}
      </Link>
      {test.flaky && (
        <span className="badge warnings" title={text.tests.flakyWhy}>
          {text.tests.flaky}
        </span>
      )}
      {test.path !== null && test.path !== test.name && (
        <div className="muted small mono">
          {test.path}
          {test.line !== null && `:${test.line}`}
        </div>
      )}
      {test.message !== null && test.message !== "" && <pre className="message small">{test.message}</pre>}
    </>
  );
}

/** What became of a test in the builds; the newest is on the right. */
function Outcomes({ outcomes, builds, builder }: { outcomes: string; builds: readonly TestedBuild[]; builder: number }): ReactNode {
  return (
    <ul className="strip wraps">
      {[...outcomes].reverse().map((letter, index) => {
        const build = builds[outcomes.length - 1 - index];
        const look = lookOfOutcome(letter);
        if (!build) return null;
        const label = `#${build.number} ${text.tests.outcome[letter] ?? letter}`;
        return (
          <li key={build.buildid}>
            {look ? (
              <BuildLink builder={builder} number={build.number} className={`mark small-mark ${look}`} title={label} aria-label={label}>
                {SIGNS[look]}
              </BuildLink>
            ) : (
              <span className="mark small-mark absent" title={label} role="img" aria-label={label} />
            )}
          </li>
        );
      })}
    </ul>
  );
}

function AllResults({ set, builder }: { set: TestResultSet; builder: number }): ReactNode {
  const [isOpen, setOpen] = useState(false);
  return (
    <details className="card fold" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <h2>{text.tests.results(set.description ?? set.category)}</h2> <Counts failed={set.tests_failed} passed={set.tests_passed} />
      </summary>
      {isOpen && <Results set={set} builder={builder} />}
    </details>
  );
}

function Results({ set, builder }: { set: TestResultSet; builder: number }): ReactNode {
  const query = useRows<TestResult>(`test_result_sets/${set.test_result_setid}/results?order=value&order=test_resultid&limit=${RESULTS}`);
  const columns: readonly Column<TestResult>[] = [
    {
      label: text.tests.test,
      className: "text",
      cell: ({ test_name: name, test_code_path: path, line }) =>
        name === null ? (
          <code>{`${path}${line === null ? "" : `:${line}`}`}</code>
        ) : (
          <Link to="/builders/$builder/tests/$test" params={{ builder: String(builder), test: name }}>
            {name}
          </Link>
        ),
    },
    {
      label: text.common.result,
      className: "text",
      cell: ({ value }) => {
        const failed = hasFailed(set.category, value);
        return set.category === "pass_fail" ? <Result results={failed ? 2 : 0} /> : value;
      },
    },
    { label: text.tests.took, className: "nowrap", cell: ({ duration_ns }) => duration_ns !== null && formatNanoseconds(duration_ns) },
  ];
  return (
    <Document query={query}>
      {(results) => (
        <>
          <div className="scroll">
            <Table rows={results} columns={columns} keyOf={(one) => one.test_resultid} />
          </div>
          {results.length === RESULTS && <p className="muted">{text.tests.first(RESULTS)}</p>}
        </>
      )}
    </Document>
  );
}

interface Point {
  readonly build: TestedBuild;
  readonly letter: string;
}

const POINTS: readonly Column<Point & { builder: number }>[] = [
  {
    label: text.common.build,
    cell: ({ build, builder }) => (
      <BuildLink builder={builder} number={build.number}>
        {text.common.number(build.number)}
      </BuildLink>
    ),
  },
  {
    label: text.tests.test,
    cell: ({ letter }) => {
      const look = lookOfOutcome(letter);
      const label = text.tests.outcome[letter] ?? letter;
      return look ? <Result look={look} label={label} /> : <span className="muted">{label}</span>;
    },
  },
  { label: text.tests.revision, cell: ({ build }) => build.revision !== null && <code title={build.revision}>{shortRevision(build.revision)}</code> },
  { label: text.common.started, className: "nowrap", cell: ({ build }) => <Ago at={build.started_at} /> },
];

function One({ page, name }: { page: TestsPage; name: string }): ReactNode {
  const [test] = page.tests;
  const builder = page.builder.builderid;
  return (
    <>
      <header className="page-head">
        <div className="grow">
          <Crumbs page={page} back />
          <h1 className="anywhere">{name}</h1>
          {test && (
            <p className="line">
              <Result look={test.failing ? "failure" : "success"} label={test.failing ? text.tests.failing : text.tests.passes} />
              {test.failing > 0 && test.since_number !== null && <span>{text.tests.failingFor(test.failing, test.since_number)}</span>}
              {test.flaky && (
                <span className="warn">
                  {text.tests.flaky}: {text.tests.flakyWhy}
                </span>
              )}
            </p>
          )}
        </div>
      </header>
      {!test ? (
        <Empty>{text.tests.none}</Empty>
      ) : (
        <>
          <Section title={text.tests.history}>
            <Outcomes outcomes={test.outcomes} builds={page.builds} builder={builder} />
          </Section>
          <Section title={text.tests.builds}>
            <div className="scroll">
              <Table rows={page.builds.map((build, index) => ({ build, builder, letter: test.outcomes[index] ?? "-" }))} columns={POINTS} keyOf={({ build }) => build.buildid} />
            </div>
          </Section>
        </>
      )}
    </>
  );
}
