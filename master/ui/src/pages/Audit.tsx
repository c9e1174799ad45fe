/** The audit log: who has asked for what, and what became of it; older entries as one scrolls. */

import { getRouteApi } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { AuditEntry } from "../api/schema";
import { addressOf } from "../api/client";
import { config } from "../api/config";
import { useGrowingRows } from "../api/growing";
import { linkOf, readable } from "../lib/audit";
import { Ago, Document, Empty, useTitle } from "../parts/basics";
import { FilterChoice, FilterField, Filters, queryOf } from "../parts/filters";
import { More } from "../parts/growing";
import { Table, type Column } from "../parts/ListPage";
import { text } from "../text";

const route = getRouteApi("/audit");
const OPERATORS = { who: "actor__contains", what: "action__contains", on: "path__contains", outcome: "outcome" } as const;
type Search = { readonly [name in keyof typeof OPERATORS]?: string };

/** What was asked for with which values, and what that has changed. */
function Values({ values, label }: { values: Readonly<Record<string, unknown>>; label?: string }): ReactNode {
  const all = readable(values);
  if (all.length === 0) return null;
  return (
    <div className="values small">
      {label && <span className="muted">{label}</span>}
      <dl className="values">
        {all.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt> <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

const COLUMNS: readonly Column<AuditEntry>[] = [
  { label: text.audit.when, className: "nowrap", cell: ({ happened_at }) => <Ago at={happened_at} /> },
  {
    label: text.audit.who,
    className: "text who",
    cell: ({ actor, address, via }) => (
      <>
        {actor} <span className="below muted small">{[via === "nothing" ? "" : via, address].filter(Boolean).join(", ")}</span>
      </>
    ),
  },
  { label: text.audit.what, cell: ({ action }) => <code>{action}</code> },
  {
    label: text.audit.on,
    className: "text",
    cell: ({ path, parameters, before, after }) => {
      const link = linkOf(path);
      return (
        <>
          {link ? <a href={`#${link}`}>{path}</a> : <span className="mono small">{path}</span>}
          <Values values={parameters} />
          {Object.keys(before).length > 0 && <Values label={text.audit.before} values={before} />}
          {Object.keys(after).length > 0 && <Values label={text.audit.after} values={after} />}
        </>
      );
    },
  },
  {
    label: text.audit.outcome,
    className: "text",
    cell: ({ outcome, reason }) => (
      <>
        <span className={`result ${outcome === "done" ? "success" : "failure"}`}>{outcome === "done" ? text.audit.done : text.audit.refused}</span>
        {reason && <span className="below small">{reason}</span>}
      </>
    ),
  },
];

export default function Audit(): ReactNode {
  const search: Search = route.useSearch();
  const navigate = route.useNavigate();
  const filters = queryOf(search, OPERATORS);
  // no event tells of entries themselves; these come with many of them, and not all the time
  const rows = useGrowingRows<AuditEntry>(`audit?order=-auditid${filters && "&"}${filters}`, {
    events: ["workers/*/*", "schedulers/*/*", "changes/*/new"],
    keyOf: ({ auditid }) => auditid,
    compare: (a, b) => b.auditid - a.auditid,
  });
  const set = (name: keyof Search) => (value: string) => void navigate({ search: (before: Search) => ({ ...before, [name]: value || undefined }), replace: true });
  useTitle(`${text.audit.title} · ${config().title}`);
  return (
    <>
      <header className="page-head">
        <h1>{text.audit.title}</h1>
        <a className="button" href={addressOf(`api/v2/audit?order=-auditid${filters && "&"}${filters}`)}>
          {text.audit.asJson}
        </a>
      </header>
      <Filters isFiltered={filters !== ""} onClear={() => void navigate({ search: {}, replace: true })}>
        <FilterField label={text.audit.who} value={search.who ?? ""} onChange={set("who")} choices={[...new Set(rows.data?.map(({ actor }) => actor))].slice(0, 50)} />
        <FilterField label={text.audit.what} value={search.what ?? ""} onChange={set("what")} choices={[...new Set(rows.data?.map(({ action }) => action))].slice(0, 50)} />
        <FilterField label={text.audit.on} value={search.on ?? ""} onChange={set("on")} />
        <FilterChoice
          label={text.audit.outcome}
          value={search.outcome ?? ""}
          onChange={set("outcome")}
          choices={[
            ["done", text.audit.done],
            ["refused", text.audit.refused],
          ]}
        />
        {rows.total !== null && <span className="muted">{text.audit.found(rows.total)}</span>}
      </Filters>
      <Document query={rows}>
        {(entries) =>
          entries.length === 0 ? (
            <Empty>{filters ? text.common.noMatch : text.audit.none}</Empty>
          ) : (
            <>
              <div className="card flush scroll">
                <Table rows={entries} columns={COLUMNS} keyOf={({ auditid }) => auditid} />
              </div>
              <More {...rows} />
            </>
          )
        }
      </Document>
    </>
  );
}
