/** The grid: builders as rows, the newest revisions that were built as columns. */

import { getRouteApi, Link } from "@tanstack/react-router";
import { memo, useMemo, useState, type ReactNode } from "react";
import { config } from "../api/config";
import { useBuilders, useBuiltChanges, useLooseBuilds } from "../api/views";
import { countTags, isWanted, rowsOf, tagsOf, wordOf, type NamedBuilder, type Row, type ViewSearch } from "../lib/console";
import { lookOf, type Look } from "../lib/results";
import { Ago, BuilderLink, Document, Empty, useTitle } from "../parts/basics";
import { shortRevision } from "../parts/Changes";
import { useGrowing } from "../parts/growing";
import { useSetting } from "../parts/settings";
import { BuildMarks } from "../parts/views/marks";
import { Filters, Older } from "../parts/views/Filters";
import { ChangeChoosers } from "../parts/views/ChangeChoosers";
import { text } from "../text";
import "./views.css";

const route = getRouteApi("/grid");
const MARKS = 6;
const RESULTS: readonly Look[] = ["success", "warnings", "failure", "skipped", "exception", "retry", "cancelled", "running"];

export default function Grid(): ReactNode {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { branch, q, result } = search;
  const builders = useBuilders();
  const changes = useBuiltChanges({ branch }, useSetting("Grid.changeFetchLimit"));
  const loose = useLooseBuilds(useSetting("Grid.buildFetchLimit"));
  const limit = useSetting("Grid.revisionLimit");
  const [times, setTimes] = useState(1);
  const isReversed = useSetting("Grid.leftToRight");
  const tags = tagsOf(search).join(",");
  const present = useMemo(() => (builders.data ?? []).filter((one) => one.masterids.length > 0).sort((a, b) => a.name.localeCompare(b.name)), [builders.data]);
  const wanted = useMemo(() => present.filter((one) => isWanted(one, q ?? "", tagsOf({ tags }))), [present, q, tags]);
  const rows = useMemo(() => {
    const others = (loose.data ?? []).filter((build) => !branch || wordOf(build.properties, "branch") === branch);
    return onlyOf(rowsOf(changes.data?.rows ?? [], others), wanted, result);
  }, [changes.data, loose.data, branch, wanted, result]);
  const newest = rows.slice(0, limit * times);
  const columns = isReversed ? [...newest].reverse() : newest;
  const change = (next: ViewSearch): void => void navigate({ search: Object.fromEntries(Object.entries({ ...search, ...next }).filter(([, value]) => value)), replace: true });
  useTitle(`${text.grid.title} · ${config().title}`);
  return (
    <div className="view">
      <h1>{text.grid.title}</h1>
      <Document query={builders}>
        {() => (
          <>
            <Filters search={search} change={change} tags={countTags(present)} told={text.builders.shown(wanted.length, present.length)}>
              <ChangeChoosers changes={changes.data?.rows ?? []} search={search} change={change} names={["branch"]} />
              <select aria-label={text.views.result} value={result ?? ""} onChange={(event) => change({ result: event.target.value })} className="narrow">
                <option value="">{text.views.every(text.views.result)}</option>
                {RESULTS.map((look) => (
                  <option key={look} value={look}>
                    {text.looks[look]}
                  </option>
                ))}
              </select>
            </Filters>
            <Document query={changes}>
              {() =>
                columns.length === 0 ? <Empty hint={!Object.keys(search).length && text.changes.hint}>{Object.keys(search).length ? text.views.noMatch : text.grid.none}</Empty> : <Table columns={columns} builders={wanted} />
              }
            </Document>
            {newest.length < rows.length ? (
              <p className="buttons older">
                <button type="button" onClick={() => setTimes(times + 1)}>
                  {text.grid.showMore}
                </button>
              </p>
            ) : (
              <Older
                label={text.views.olderChanges}
                next={changes.data?.next ?? null}
                more={() => {
                  setTimes(times + 1);
                  changes.more();
                }}
                isReading={changes.isReading}
                problem={changes.problem}
              />
            )}
          </>
        )}
      </Document>
    </div>
  );
}

/** Revisions with builds of these builders that look so. */
function onlyOf(rows: readonly Row[], builders: readonly NamedBuilder[], look: string | undefined): Row[] {
  const ids = new Set(builders.map((one) => one.builderid));
  return rows
    .map((row) => {
      const kept = [...row.builds]
        .filter(([id]) => ids.has(id))
        .map(([id, builds]) => [id, look ? builds.filter((build) => lookOf(build.results) === look) : builds] as const)
        .filter(([, builds]) => builds.length > 0);
      return { ...row, builds: new Map(kept) };
    })
    .filter((row) => row.builds.size > 0 && row.revision !== "");
}

function Table({ columns, builders }: { columns: readonly Row[]; builders: readonly NamedBuilder[] }): ReactNode {
  const used = useMemo(() => builders.filter((one) => columns.some((row) => row.builds.has(one.builderid))), [builders, columns]);
  const { shown, end } = useGrowing(used.length);
  return (
    <div className="card flush scroll" role="region" aria-label={text.grid.title} tabIndex={0}>
      <table className="matrix grid">
        <thead>
          <tr>
            <th scope="col">{text.common.builder}</th>
            {columns.map((row) => (
              <th key={row.key} scope="col">
                <Revision row={row} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {used.slice(0, shown).map((builder) => (
            <Line key={builder.builderid} builder={builder} columns={columns} />
          ))}
        </tbody>
      </table>
      {end}
    </div>
  );
}

function Revision({ row: { change, revision } }: { row: Row }): ReactNode {
  const isFull = useSetting("Grid.fullChanges");
  const short = <code title={revision}>{shortRevision(revision)}</code>;
  if (!change) return short;
  const subject = change.comments.split("\n")[0];
  return (
    <div className="grid-change">
      <Link to="/changes/$change" params={{ change: String(change.changeid) }} title={isFull ? undefined : `${change.author}: ${subject}`}>
        {short}
      </Link>
      {change.branch && <span className="small">{change.branch}</span>}
      {isFull && (
        <>
          <span className="small">{subject}</span>
          <span className="small">
            {change.author}, <Ago at={change.when_timestamp} />
          </span>
        </>
      )}
    </div>
  );
}

const Line = memo(function Line({ builder, columns }: { builder: NamedBuilder; columns: readonly Row[] }): ReactNode {
  return (
    <tr>
      <th scope="row">
        <BuilderLink id={builder.builderid}>{builder.name}</BuilderLink>
        {builder.tags.length > 0 && <div className="muted small">{builder.tags.join(" · ")}</div>}
      </th>
      {columns.map((row) => {
        const builds = row.builds.get(builder.builderid);
        return <td key={row.key}>{builds && <BuildMarks builds={builds} builder={builder.name} most={MARKS} withNumbers />}</td>;
      })}
    </tr>
  );
});
