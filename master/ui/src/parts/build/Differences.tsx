/** What differs between a bad build and the newest good one before it: changes, the worker, sources, steps, properties. */

import type { ReactNode } from "react";
import type { BuildPage, Difference } from "../../api/schema";
import { isBad } from "../../lib/results";
import { text } from "../../text";
import { BuildLink, Result, Section } from "../basics";
import { ChangeList } from "../Changes";

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
}

/** Everything but the changes. */
export function Differences({ page }: { page: BuildPage }): ReactNode {
  const { difference, build } = page;
  if (difference === null || !isBad(build.results)) return null;
  const rows = rowsOf(difference);
  if (rows.length === 0) return null;
  return (
    <details className="card fold" open={rows.length <= OPEN_AT_MOST}>
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
            {rows.map(({ key, name, was, becomes }) => (
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

function rowsOf({ sources, steps, properties }: Difference): Row[] {
  const { nothing, revision } = text.build;
  const values = (properties ?? [])
    .filter(({ name }) => !ALWAYS_OTHER.has(name))
    .map((one): Row => ({ key: `p ${one.name}`, name: one.name === WORKER ? text.common.worker : one.name, was: one.was ?? nothing, becomes: one.becomes ?? nothing }));
  const isWorker = ({ key }: Row): boolean => key === `p ${WORKER}`;
  return [
    ...values.filter(isWorker),
    ...(sources ?? []).map((one): Row => ({ key: `s ${one.codebase}`, name: `${revision} ${one.codebase}`, was: one.was?.revision ?? nothing, becomes: one.becomes?.revision ?? nothing })),
    ...(steps ?? []).map((one): Row => ({ key: `t ${one.name}`, name: one.name, was: <StepEnd results={one.was} />, becomes: <StepEnd results={one.becomes} /> })),
    ...values.filter((row) => !isWorker(row)),
  ];
}

function StepEnd({ results }: { results: number | null }): ReactNode {
  return results === null ? <span className="muted">{text.build.nothing}</span> : <Result results={results} />;
}
