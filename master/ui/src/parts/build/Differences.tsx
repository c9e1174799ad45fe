/** What differs between a bad build and the newest good one before it: changes, the worker, its environment, sources, steps, properties. */

import type { ReactNode } from "react";
import type { BuildPage, Difference, EnvironmentDifference } from "../../api/schema";
import { isBad } from "../../lib/results";
import { sourceRows } from "../../lib/sourceDiff";
import { text } from "../../text";
import { BuildLink, Result, Section } from "../basics";
import { ChangeList } from "../Changes";
import { GroupHead, ValueText, nameOfFact } from "../Environment";

/** More rows than these are shown when they are asked for. */
const OPEN_AT_MOST = 8;
/** Another one for every build. */
const ALWAYS_OTHER = new Set(["buildnumber"]);
const WORKER = "workername";

/** The changes that may be responsible. */
export function Suspects({ page }: { page: BuildPage }): ReactNode {
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
  const { build } = difference;
  const link = (
    <BuildLink builder={build.builderid} number={build.number}>
      {text.common.number(build.number)}
    </BuildLink>
  );
  return (
    <Section title={text.build.changesSince(build.number)} aside={link}>
      {difference.changes.length === 0 ? (
        <p className="muted">{text.build.noChangesSince}</p>
      ) : (
        <>
          <p className="muted">{text.build.responsible([...new Set(difference.changes.map(({ author }) => author))].join(", "))}</p>
          <ChangeList changes={difference.changes} />
        </>
      )}
      {difference.more_changes && <p className="muted">{text.build.moreChanges}</p>}
    </Section>
  );
}

interface Row {
  readonly key: string;
  readonly name: string;
  readonly was: ReactNode;
  readonly becomes: ReactNode;
  /** Names that people have given are words, those of variables are code. */
  readonly isWord?: boolean;
}

interface Group {
  readonly name: string;
  readonly rows: readonly Row[];
}

/** Everything but the changes, by what it is about. */
export function Differences({ page }: { page: BuildPage }): ReactNode {
  const { difference, build } = page;
  if (difference === null || !isBad(build.results)) return null;
  const groups = groupsOf(difference);
  const total = groups.reduce((sum, { rows }) => sum + rows.length, 0);
  if (total === 0) return null;
  return (
    <details className="card fold" open={total <= OPEN_AT_MOST}>
      <summary>
        <h2>{text.build.differences(difference.build.number)}</h2> <span className="count">{total}</span>
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
          {groups.map(({ name, rows }) => (
            <tbody key={name}>
              <GroupHead title={text.build.differencesOf[name] ?? name} columns={3} />
              {rows.map((row) => (
                <tr key={row.key}>
                  <td className={row.isWord ? "" : "mono"}>{row.name}</td>
                  <td className="mono value">{row.was}</td>
                  <td className="mono value">{row.becomes}</td>
                </tr>
              ))}
            </tbody>
          ))}
        </table>
      </div>
    </details>
  );
}

function groupsOf({ environment, sources, steps, properties }: Difference): Group[] {
  const { nothing, sourceOf } = text.build;
  const values = (properties ?? [])
    .filter(({ name }) => !ALWAYS_OTHER.has(name))
    .map((one): Row => {
      const isWorker = one.name === WORKER;
      return { key: one.name, name: isWorker ? text.common.worker : one.name, was: one.was ?? nothing, becomes: one.becomes ?? nothing, isWord: isWorker };
    });
  const surroundings = (isOfWorker: boolean): Row[] =>
    (environment ?? [])
      .filter(({ section }) => (section === "worker") === isOfWorker)
      .map((one): Row => ({ key: `${one.section} ${one.name}`, name: isOfWorker ? nameOfFact(one.name) : one.name, was: <EnvironmentEnd one={one} which="was" />, becomes: <EnvironmentEnd one={one} which="becomes" />, isWord: isOfWorker }));
  const groups: Group[] = [
    { name: "worker", rows: [...values.filter(({ key }) => key === WORKER), ...surroundings(true)] },
    { name: "environment", rows: surroundings(false) },
    {
      name: "sources",
      rows: sourceRows(sources ?? []).map((one): Row => ({ key: `${one.codebase} ${one.of}`, name: `${sourceOf[one.of]} ${one.codebase}`, was: one.was || nothing, becomes: one.becomes || nothing, isWord: true })),
    },
    { name: "steps", rows: (steps ?? []).map((one): Row => ({ key: one.name, name: one.name, was: <StepEnd results={one.was} />, becomes: <StepEnd results={one.becomes} />, isWord: true })) },
    { name: "properties", rows: values.filter(({ key }) => key !== WORKER) },
  ];
  return groups.filter(({ rows }) => rows.length > 0);
}

/** One side of a difference; of secrets only that they differ. */
function EnvironmentEnd({ one, which }: { one: EnvironmentDifference; which: "was" | "becomes" }): ReactNode {
  const value = one[which];
  if (value === null) return <span className="muted">{text.build.nothing}</span>;
  if (value.secret && one.was !== null && one.becomes !== null) {
    return <em className="muted">{which === "becomes" ? text.environment.other : text.environment.same}</em>;
  }
  return <ValueText one={value} />;
}

function StepEnd({ results }: { results: number | null }): ReactNode {
  return results === null ? <span className="muted">{text.build.nothing}</span> : <Result results={results} />;
}
