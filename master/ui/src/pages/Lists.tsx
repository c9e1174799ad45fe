/** The short pages: schedulers, masters, the audit log, and what this is. */

import type { ReactNode } from "react";
import type { AuditEntry, Master, Scheduler } from "../api/schema";
import { addressOf } from "../api/client";
import { config } from "../api/config";
import { useRows } from "../api/queries";
import { ActionButton } from "../parts/actions";
import { Ago, Document, Empty, Section, useTitle } from "../parts/basics";
import { text } from "../text";

export function Schedulers(): ReactNode {
  const query = useRows<Scheduler>("schedulers?order=name", { events: ["schedulers/*/*"] });
  useTitle(`${text.schedulers.title} · ${config().title}`);
  return (
    <>
      <h1>{text.schedulers.title}</h1>
      <Document query={query}>
        {(schedulers) =>
          schedulers.length === 0 ? (
            <Empty>{text.schedulers.none}</Empty>
          ) : (
            <div className="card flush scroll">
              <table className="stack">
                <thead>
                  <tr>
                    <th>{text.common.name}</th>
                    <th>{text.common.state}</th>
                    <th className="wide">{text.schedulers.master}</th>
                    <td />
                  </tr>
                </thead>
                <tbody>
                  {schedulers.map((scheduler) => (
                    <tr key={scheduler.schedulerid}>
                      <td>{scheduler.name}</td>
                      <td>
                        <span className={`result ${scheduler.enabled ? "success" : "cancelled"}`}>{scheduler.enabled ? text.schedulers.enabled : text.schedulers.disabled}</span>
                      </td>
                      <td className="wide muted">{scheduler.master?.name}</td>
                      <td>
                        <ActionButton
                          path={`schedulers/${scheduler.schedulerid}`}
                          method="enable"
                          params={{ enabled: !scheduler.enabled }}
                          label={scheduler.enabled ? text.schedulers.disable : text.schedulers.enable}
                        />
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )
        }
      </Document>
    </>
  );
}

export function Masters(): ReactNode {
  const query = useRows<Master>("masters?order=name", { events: ["masters/*/*"] });
  useTitle(`${text.masters.title} · ${config().title}`);
  return (
    <>
      <h1>{text.masters.title}</h1>
      <Document query={query}>
        {(masters) =>
          masters.length === 0 ? (
            <Empty>{text.masters.none}</Empty>
          ) : (
            <div className="card flush scroll">
              <table className="stack">
                <thead>
                  <tr>
                    <th>{text.common.name}</th>
                    <th>{text.common.state}</th>
                    <th>{text.masters.lastActive}</th>
                  </tr>
                </thead>
                <tbody>
                  {masters.map((master) => (
                    <tr key={master.masterid}>
                      <td className="text">{master.name}</td>
                      <td>
                        <span className={`result ${master.active ? "success" : "failure"}`}>{master.active ? text.masters.active : text.masters.inactive}</span>
                      </td>
                      <td>
                        <Ago at={master.last_active} />
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )
        }
      </Document>
    </>
  );
}

const ENTRIES = 200;

export function Audit(): ReactNode {
  const query = useRows<AuditEntry>(`audit?order=-auditid&limit=${ENTRIES}`);
  useTitle(`${text.audit.title} · ${config().title}`);
  return (
    <>
      <h1>{text.audit.title}</h1>
      <Document query={query}>
        {(entries) =>
          entries.length === 0 ? (
            <Empty>{text.audit.none}</Empty>
          ) : (
            <div className="card flush scroll">
              <table className="stack">
                <thead>
                  <tr>
                    <th>{text.audit.when}</th>
                    <th>{text.audit.who}</th>
                    <th>{text.audit.what}</th>
                    <th>{text.audit.on}</th>
                    <th>{text.audit.outcome}</th>
                  </tr>
                </thead>
                <tbody>
                  {entries.map((entry) => (
                    <tr key={entry.auditid}>
                      <td className="nowrap">
                        <Ago at={entry.happened_at} />
                      </td>
                      <td>
                        {entry.actor} <span className="muted small">{entry.address}</span>
                      </td>
                      <td>
                        <code>{entry.action}</code>
                      </td>
                      <td className="text mono small">
                        {entry.path} {Object.keys(entry.parameters).length > 0 && JSON.stringify(entry.parameters)}
                      </td>
                      <td>
                        <span className={`result ${entry.outcome === "done" ? "success" : "failure"}`}>
                          {entry.outcome === "done" ? text.audit.done : text.audit.refused}
                          {entry.reason && `: ${entry.reason}`}
                        </span>
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )
        }
      </Document>
    </>
  );
}

export function About(): ReactNode {
  useTitle(`${text.about.title} · ${config().title}`);
  return (
    <>
      <h1>{text.about.title}</h1>
      <Section title={text.about.versions}>
        <dl className="pairs">
          {config().versions.map(([name, version]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{version}</dd>
            </div>
          ))}
        </dl>
      </Section>
      <div className="card">
        <p>{text.about.source}</p>
        <ul className="plain">
          <li>
            <a href={addressOf("api/v2/openapi.json")}>{text.about.api}</a>
          </li>
          <li>
            <a href={addressOf("metrics")}>{text.about.metrics}</a>
          </li>
        </ul>
      </div>
    </>
  );
}
