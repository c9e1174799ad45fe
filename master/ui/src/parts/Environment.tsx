/** What builds and workers run in. */

import { useMemo, useState, type ReactNode } from "react";
import type { EnvironmentValue } from "../api/schema";
import { factsOf, textOfValue } from "../lib/environment";
import { text } from "../text";

/** A value; of a secret only that there is one. */
export function ValueText({ one }: { one: EnvironmentValue }): ReactNode {
  if (one.secret) return <em className="muted">{text.environment.secret}</em>;
  if (one.value === null) return <em className="muted">{text.environment.unknown}</em>;
  return textOfValue(one.name, one.value);
}

/** What a fact of a worker is called. */
export function nameOfFact(name: string): string {
  return text.environment.facts[name] ?? name.replace(/^info\./, "");
}

/** All values under their headings, in a fold with a filter. */
export function EnvironmentFold({ environment, title, without = [] }: { environment: readonly EnvironmentValue[]; title: string; without?: readonly string[] }): ReactNode {
  const [filter, setFilter] = useState("");
  const shown = useMemo(() => environment.filter(({ section }) => !without.includes(section)), [environment, without]);
  if (shown.length === 0) return null;
  const wanted = filter.toLowerCase();
  const hasGroups = new Set(shown.map(({ section }) => section)).size > 1;
  const found = shown.filter(({ name, value }) => `${name} ${value ?? ""}`.toLowerCase().includes(wanted));
  return (
    <details className="card fold" id="environment">
      <summary>
        <h2>{title}</h2> <span className="count">{shown.length}</span>
      </summary>
      <div className="toolbar">
        <input type="search" aria-label={text.environment.filter} placeholder={text.environment.filter} value={filter} onChange={(event) => setFilter(event.target.value)} />
      </div>
      <div className="scroll">
        <table className="properties">
          <thead>
            <tr>
              <th>{text.common.name}</th>
              <th>{text.common.value}</th>
            </tr>
          </thead>
          {["worker", "environ", "builder"].map((section) => {
            const rows = found.filter((one) => one.section === section);
            return rows.length === 0 ? null : (
              <tbody key={section}>
                {hasGroups && <GroupHead title={text.environment.sections[section] ?? section} columns={2} />}
                {rows.map((one) => (
                  <tr key={one.name}>
                    <td className={section === "worker" ? "" : "mono"}>{section === "worker" ? nameOfFact(one.name) : one.name}</td>
                    <td className="mono value">
                      <ValueText one={one} />
                    </td>
                  </tr>
                ))}
              </tbody>
            );
          })}
        </table>
      </div>
    </details>
  );
}

/** The heading of a group of rows. */
export function GroupHead({ title, columns }: { title: string; columns: number }): ReactNode {
  return (
    <tr className="group">
      <th scope="rowgroup" colSpan={columns}>
        {title}
      </th>
    </tr>
  );
}

/** What a worker told of itself, in groups. */
export function WorkerFacts({ environment, people }: { environment: readonly EnvironmentValue[]; people: readonly (readonly [string, string])[] }): ReactNode {
  const facts = useMemo(() => factsOf(environment), [environment]);
  const own: EnvironmentValue[] = [...people.map(([name, value]) => ({ name, value, secret: false, section: "worker" })), ...facts.own];
  return (
    <div className="fact-groups">
      <FactGroup title={text.environment.machine} facts={facts.machine} />
      <FactGroup title={text.environment.program} facts={facts.program} />
      <FactGroup title={text.environment.owner} facts={own} />
      {facts.capabilities.length > 0 && (
        <div>
          <h3>{text.environment.can}</h3>
          <ul className="plain">
            {facts.capabilities.map((name) => (
              <li key={name}>
                <span className="result success">
                  <span aria-hidden="true">✓</span>
                </span>{" "}
                {text.environment.capabilities[name] ?? name}
              </li>
            ))}
          </ul>
        </div>
      )}
    </div>
  );
}

function FactGroup({ title, facts }: { title: string; facts: readonly EnvironmentValue[] }): ReactNode {
  if (facts.length === 0) return null;
  return (
    <div>
      <h3>{title}</h3>
      <dl className="pairs">
        {facts.map((one) => (
          <div key={one.name}>
            <dt>{nameOfFact(one.name)}</dt>
            <dd>
              <ValueText one={one} />
            </dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
