/** What this is: versions, how it is set up as far as everybody may know, and what the data API has. */

import { useState, type ReactNode } from "react";
import { useQuery } from "@tanstack/react-query";
import type { Spec } from "../api/schema";
import { addressOf, getRows } from "../api/client";
import { config } from "../api/config";
import { ELSEWHERE, safeUrl } from "../lib/links";
import { Document, Section, useTitle } from "../parts/basics";
import { Table, type Column } from "../parts/ListPage";
import { text } from "../text";

function Pairs({ pairs }: { pairs: readonly (readonly [string, ReactNode])[] }): ReactNode {
  return (
    <dl className="pairs">
      {pairs.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function SetUp(): ReactNode {
  const { title, titleURL, buildbotURL, auth, multiMaster, user } = config();
  const home = safeUrl(titleURL);
  const who = auth.name === "NoAuth" ? text.about.noAuth : auth.name;
  return (
    <Section title={text.about.setUp}>
      <Pairs
        pairs={[
          [
            text.about.site,
            home ? (
              <a href={home} {...ELSEWHERE}>
                {title}
              </a>
            ) : (
              title
            ),
          ],
          [text.about.address, buildbotURL],
          [text.about.masters, multiMaster ? text.about.several : text.about.one],
          [text.about.auth, who],
          [text.about.you, user.anonymous ? text.about.anonymous : (user.full_name ?? user.username ?? user.email ?? "")],
        ]}
      />
    </Section>
  );
}

const COLUMNS: readonly Column<Spec>[] = [
  {
    label: text.about.path,
    className: "text",
    cell: ({ path }) => (path.includes(":") ? <code>{path}</code> : <a href={addressOf(`api/v2/${path}?limit=10`)}>{path || "/"}</a>),
  },
  { label: text.about.type, cell: ({ type }) => type },
  { label: text.about.fields, className: "text muted small wide", cell: ({ type_spec }) => fieldsOf(type_spec) },
];

function fieldsOf(spec: unknown): string {
  const fields = typeof spec === "object" && spec !== null && "fields" in spec ? spec.fields : [];
  return Array.isArray(fields) ? fields.map((field: { name?: unknown }) => String(field.name)).join(", ") : "";
}

/** The paths of the data API; read when somebody wants to know. */
function Paths(): ReactNode {
  const [isOpen, setOpen] = useState(false);
  const query = useQuery({ queryKey: ["application.spec"], queryFn: ({ signal }) => getRows<Spec>("application.spec", signal), enabled: isOpen });
  return (
    <details className="card fold" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <h2>{text.about.paths}</h2>
      </summary>
      {isOpen && (
        <Document query={query}>
          {(specs) => (
            <div className="scroll">
              <Table rows={specs} columns={COLUMNS} keyOf={({ path }) => path} />
            </div>
          )}
        </Document>
      )}
    </details>
  );
}

export default function About(): ReactNode {
  useTitle(`${text.about.title} · ${config().title}`);
  return (
    <>
      <h1>{text.about.title}</h1>
      <Section title={text.about.versions}>
        <Pairs pairs={config().versions} />
      </Section>
      <SetUp />
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
        <p className="muted small">{text.about.licence}</p>
      </div>
      <Paths />
    </>
  );
}
