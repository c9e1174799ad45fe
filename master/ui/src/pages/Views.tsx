/** Waterfall, console, grid: builds of all builders beside each other. */

import { Link } from "@tanstack/react-router";
import { useMemo, type ReactNode } from "react";
import type { Build, Builder, Change } from "../api/schema";
import { config } from "../api/config";
import { useRows } from "../api/queries";
import { columnsOf, revisionOf, tableOf } from "../lib/views";
import { SIGNS, lookOf } from "../lib/results";
import { formatDuration, formatInstant } from "../lib/time";
import { BuildLink, BuilderLink, Document, Empty, useTitle } from "../parts/basics";
import { shortRevision } from "../parts/Changes";
import { useGrowing } from "../parts/growing";
import { text } from "../text";

const BUILDS = 300;
const CHANGES = 30;
const REVISIONS = 12;
const PX_PER_SECOND = 0.4;
const SMALLEST_PX = 20;
const LARGEST_PX = 160;
/** Columns that are drawn at once. */
const COLUMNS = 30;
const EVENTS = ["builds/*/new", "builds/*/finished"];

function useBuilds(more = "") {
  return useRows<Build>(`builds?order=-buildid&limit=${BUILDS}${more}`, { events: EVENTS });
}

function useConfigured(): Builder[] {
  const { data } = useRows<Builder>("builders", { events: ["builders/*/*"] });
  return useMemo(() => (data ?? []).filter((builder) => builder.masterids.length > 0).sort((a, b) => a.name.localeCompare(b.name)), [data]);
}

function Page({ title, explain, children }: { title: string; explain: string; children: ReactNode }): ReactNode {
  useTitle(`${title} · ${config().title}`);
  return (
    <>
      <h1>{title}</h1>
      <p className="muted">{explain}</p>
      {children}
    </>
  );
}

function Square({ build }: { build: Build }): ReactNode {
  const look = lookOf(build.results);
  return (
    <BuildLink builder={build.builderid} number={build.number} className={`mark ${look}`} title={`#${build.number} ${build.state_string}`} aria-label={`#${build.number} ${text.looks[look]}`}>
      {SIGNS[look]}
    </BuildLink>
  );
}

export function Waterfall(): ReactNode {
  const builds = useBuilds();
  const builders = useConfigured();
  return (
    <Page title={text.waterfall.title} explain={text.waterfall.explain}>
      <Document query={builds}>
        {(rows) =>
          rows.length === 0 ? (
            <Empty>{text.waterfall.none}</Empty>
          ) : (
            <Falls columns={columnsOf(builders, rows)} />
          )
        }
      </Document>
    </Page>
  );
}

function Falls({ columns }: { columns: ReturnType<typeof columnsOf> }): ReactNode {
  const { shown, end } = useGrowing(columns.length, COLUMNS);
  return (
    <div className="waterfall" role="region" aria-label={text.waterfall.title} tabIndex={0}>
      {columns.slice(0, shown).map(({ builder, builds }) => (
        <section key={builder.builderid} className="fall">
          <h2>
            <BuilderLink id={builder.builderid}>{builder.name}</BuilderLink>
          </h2>
          {builds.map((build) => (
            <Fall key={build.buildid} build={build} />
          ))}
        </section>
      ))}
      {end}
    </div>
  );
}

function Fall({ build }: { build: Build }): ReactNode {
  const took = (build.complete_at ?? Date.now() / 1000) - build.started_at;
  const look = lookOf(build.results);
  return (
    <BuildLink builder={build.builderid} number={build.number} className={`fall-build ${look}`} title={`${formatInstant(build.started_at)}, ${build.state_string}`}>
      <svg width="6" height={Math.min(LARGEST_PX, Math.max(SMALLEST_PX, took * PX_PER_SECOND))} aria-hidden="true">
        <rect width="6" height="100%" rx="3" />
      </svg>
      <span>
        #{build.number} {text.looks[look]}
        <br />
        <small>{formatDuration(took)}</small>
      </span>
    </BuildLink>
  );
}

export function ConsolePage(): ReactNode {
  const changes = useRows<Change>(`changes?order=-changeid&limit=${CHANGES}`, { events: ["changes/*/new"] });
  const builds = useBuilds("&property=got_revision&property=revision");
  const builders = useConfigured();
  const table = useMemo(() => tableOf(builds.data ?? []), [builds.data]);
  return (
    <Page title={text.console.title} explain={text.console.explain}>
      <Document query={changes}>
        {(rows) =>
          rows.length === 0 ? (
            <Empty>{text.console.none}</Empty>
          ) : (
            <Matrix
              builders={builders}
              table={table}
              rows={rows.map((change) => ({
                key: String(change.changeid),
                revision: change.revision ?? "",
                label: (
                  <>
                    <Link to="/changes/$change" params={{ change: String(change.changeid) }}>
                      {change.comments.split("\n")[0] || shortRevision(change.revision ?? "")}
                    </Link>
                    <div className="muted small">
                      {change.author} <code>{shortRevision(change.revision ?? "")}</code>
                    </div>
                  </>
                ),
              }))}
            />
          )
        }
      </Document>
    </Page>
  );
}

export function Grid(): ReactNode {
  const builds = useBuilds("&property=got_revision&property=revision");
  const builders = useConfigured();
  return (
    <Page title={text.grid.title} explain={text.grid.explain}>
      <Document query={builds}>
        {(rows) => {
          const table = tableOf(rows);
          const revisions = [...new Set(rows.map(revisionOf).filter((one) => one !== ""))].slice(0, REVISIONS);
          return revisions.length === 0 ? (
            <Empty>{text.grid.none}</Empty>
          ) : (
            <Matrix builders={builders} table={table} rows={revisions.map((revision) => ({ key: revision, revision, label: <code>{shortRevision(revision)}</code> }))} />
          );
        }}
      </Document>
    </Page>
  );
}

interface MatrixRow {
  readonly key: string;
  readonly revision: string;
  readonly label: ReactNode;
}

/** Builders that have built none of the revisions are left out. */
function Matrix({ builders, table, rows }: { builders: readonly Builder[]; table: ReadonlyMap<string, ReadonlyMap<number, Build>>; rows: readonly MatrixRow[] }): ReactNode {
  const columns = useMemo(() => builders.filter(({ builderid }) => rows.some((row) => table.get(row.revision)?.has(builderid))), [builders, table, rows]);
  const { shown, end } = useGrowing(columns.length, COLUMNS);
  const drawn = columns.slice(0, shown);
  return (
    <div className="card flush scroll" role="region" aria-label={text.common.result} tabIndex={0}>
      <table className="matrix">
        <thead>
          <tr>
            <th>{text.changes.title}</th>
            {drawn.map((builder) => (
              <th key={builder.builderid}>
                <BuilderLink id={builder.builderid}>{builder.name}</BuilderLink>
              </th>
            ))}
            {end && <td>{end}</td>}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.key}>
              <th scope="row">{row.label}</th>
              {drawn.map(({ builderid }) => {
                const build = table.get(row.revision)?.get(builderid);
                return <td key={builderid}>{build && <Square build={build} />}</td>;
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
