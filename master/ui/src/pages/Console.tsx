/** The console: what the builders, grouped by their tags, made of each change. */

import { getRouteApi, Link } from "@tanstack/react-router";
import { memo, useId, useMemo, useState, type ReactNode } from "react";
import type { BuiltChange } from "../api/schema";
import { config } from "../api/config";
import { useBuilders, useBuiltChanges, useLooseBuilds, type Growing } from "../api/views";
import { countTags, groupsOf, isWanted, rowsOf, tagsOf, tallyOf, wordOf, type Group, type NamedBuilder, type Row, type ViewSearch } from "../lib/console";
import { Ago, BuilderLink, Document, Empty, useTitle } from "../parts/basics";
import { ChangeItem, shortRevision } from "../parts/Changes";
import { useGrowing } from "../parts/growing";
import { choose, useSetting } from "../parts/settings";
import { BuildMarks, TallyMark } from "../parts/views/marks";
import { ChangeChoosers } from "../parts/views/ChangeChoosers";
import { Filters, Older } from "../parts/views/Filters";
import { text } from "../text";
import "./views.css";

const route = getRouteApi("/console");
/** Tags are open at first while there are no more builders than these. */
const OPEN_AT_MOST = 24;
/** Columns that are drawn at once. */
const COLUMNS = 60;
const MARKS = 3;

export default function ConsolePage(): ReactNode {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { branch, codebase, project, q } = search;
  const builders = useBuilders();
  const changes = useBuiltChanges({ branch, codebase, project }, useSetting("Console.changeLimit"));
  const loose = useLooseBuilds(useSetting("Console.buildLimit"));
  const tags = tagsOf(search).join(",");
  const present = useMemo(() => (builders.data ?? []).filter((one) => one.masterids.length > 0), [builders.data]);
  const wanted = useMemo(() => present.filter((one) => isWanted(one, q ?? "", tagsOf({ tags }))), [present, q, tags]);
  const rows = useMemo(() => {
    // what belongs to no change has no codebase and no project
    const others = codebase || project ? [] : (loose.data ?? []).filter((build) => !branch || wordOf(build.properties, "branch") === branch);
    return rowsOf(changes.data?.rows ?? [], others);
  }, [changes.data, loose.data, branch, codebase, project]);
  const change = (next: ViewSearch): void => void navigate({ search: Object.fromEntries(Object.entries({ ...search, ...next }).filter(([, value]) => value)), replace: true });
  const showsEmpty = useSetting("Console.show_builders_without_builds");
  useTitle(`${text.console.title} · ${config().title}`);
  return (
    <div className="view">
      <h1>{text.console.title}</h1>
      <Document query={builders}>
        {() => (
          <>
            <Filters search={search} change={change} tags={countTags(present)} told={text.builders.shown(wanted.length, present.length)}>
              <ChangeChoosers changes={changes.data?.rows ?? []} search={search} change={change} />
              <label className="check">
                <input type="checkbox" checked={showsEmpty} onChange={(event) => choose("Console.show_builders_without_builds", event.target.checked)} />
                {text.console.showsEmpty}
              </label>
            </Filters>
            <Document query={changes}>{() => <Matrix rows={rows} builders={wanted} showsEmpty={showsEmpty} changes={changes} isSearch={Object.keys(search).length > 0} />}</Document>
          </>
        )}
      </Document>
    </div>
  );
}

interface Column {
  readonly key: string;
  /** One builder; or, of a closed tag, all of them together. */
  readonly builders: readonly NamedBuilder[];
  readonly isGroup: boolean;
}

interface MatrixProps {
  readonly rows: readonly Row[];
  readonly builders: readonly NamedBuilder[];
  readonly showsEmpty: boolean;
  readonly changes: Growing<BuiltChange>;
  readonly isSearch: boolean;
}

function Matrix({ rows, builders, showsEmpty, changes, isSearch }: MatrixProps): ReactNode {
  const used = useMemo(() => {
    const built = new Set(rows.flatMap((row) => [...row.builds.keys()]));
    return showsEmpty ? builders : builders.filter((one) => built.has(one.builderid));
  }, [rows, builders, showsEmpty]);
  const groups = useMemo(() => groupsOf(used), [used]);
  const [chosen, setChosen] = useState<ReadonlyMap<string, boolean>>(new Map());
  const isOpen = (group: Group): boolean => group.builders.length === 1 || (chosen.get(group.tag) ?? used.length <= OPEN_AT_MOST);
  const columns = groups.flatMap((group): Column[] =>
    isOpen(group)
      ? group.builders.map((one) => ({ key: `builder-${one.builderid}`, builders: [one], isGroup: false }))
      : [{ key: `tag-${group.tag}`, builders: group.builders, isGroup: true }],
  );
  const { shown, end } = useGrowing(columns.length, COLUMNS);
  const drawn = columns.slice(0, shown);
  const names = drawn.map((column) => column.key).join(" ");
  // rows are drawn anew when the columns are others, not whenever they are counted again
  // eslint-disable-next-line react-hooks/exhaustive-deps -- the names say all
  const kept = useMemo(() => drawn, [names, used]);
  const filtered = useMemo(() => new Set(builders.map((one) => one.builderid)), [builders]);
  // a revision without builds of these builders says nothing; a change says that nobody has built it
  const told = rows.filter((row) => row.change !== null || [...row.builds.keys()].some((id) => filtered.has(id)));
  if (told.length === 0) return <Empty hint={!isSearch && text.changes.hint}>{isSearch ? text.views.noMatch : text.console.none}</Empty>;
  let left = shown;
  const setAll = (open: boolean): void => setChosen(new Map(groups.map((group) => [group.tag, open])));
  return (
    <>
      <div className="card flush scroll console" role="region" aria-label={text.console.title} tabIndex={0}>
        <table className="matrix">
          <thead>
            {groups.some((group) => group.builders.length > 1) && (
              <tr className="groups">
                <td>
                  <span className="buttons">
                    <button type="button" className="quiet group" onClick={() => setAll(true)}>
                      {text.console.openAll}
                    </button>
                    <button type="button" className="quiet group" onClick={() => setAll(false)}>
                      {text.console.closeAll}
                    </button>
                  </span>
                </td>
                {groups.map((group) => {
                  const span = Math.min(left, isOpen(group) ? group.builders.length : 1);
                  left -= span;
                  return (
                    span > 0 && (
                      <th key={group.tag} scope="colgroup" colSpan={span}>
                        <GroupHead group={group} isOpen={isOpen(group)} toggle={() => setChosen(new Map(chosen).set(group.tag, !isOpen(group)))} />
                      </th>
                    )
                  );
                })}
              </tr>
            )}
            <tr className="names">
              <th scope="col">{text.console.change}</th>
              {kept.map((column) => (
                <th key={column.key} scope="col" className={column.isGroup ? "whole" : undefined}>
                  <span className="upright" title={column.isGroup ? undefined : column.builders[0]?.name}>
                    {column.isGroup ? text.console.all : column.builders[0] && <BuilderLink id={column.builders[0].builderid}>{column.builders[0].name}</BuilderLink>}
                  </span>
                </th>
              ))}
              {end && <td>{end}</td>}
              <td className="rest" />
            </tr>
          </thead>
          <tbody>
            {told.map((row) => (
              <MatrixRow key={row.key} row={row} columns={kept} builders={used} />
            ))}
          </tbody>
        </table>
      </div>
      <Older label={text.views.olderChanges} next={changes.data?.next ?? null} more={changes.more} isReading={changes.isReading} problem={changes.problem} />
    </>
  );
}

function GroupHead({ group, isOpen, toggle }: { group: Group; isOpen: boolean; toggle: () => void }): ReactNode {
  const number = group.builders.length;
  const name = group.tag || text.console.withoutTag;
  if (number === 1) return <span className="group">{name}</span>;
  return (
    <button type="button" className="quiet group" aria-expanded={isOpen} title={text.console.group(name, number)} onClick={toggle}>
      <span aria-hidden="true">{isOpen ? "▾" : "▸"}</span> {name} <small>{number}</small>
    </button>
  );
}

const MatrixRow = memo(function MatrixRow({ row, columns, builders }: { row: Row; columns: readonly Column[]; builders: readonly NamedBuilder[] }): ReactNode {
  const [isOpen, setOpen] = useState(false);
  const id = useId();
  const all = tallyOf(row, builders.map((one) => one.builderid));
  const subject = row.change ? row.change.comments.split("\n")[0] || shortRevision(row.revision) : "";
  return (
    <>
      <tr className={all.look ?? ""}>
        <th scope="row">
          <div className="console-change">
            <TallyMark tally={all} />
            <div className="grow">
              {row.change ? (
                <>
                  <button type="button" className="link subject" aria-expanded={isOpen} aria-controls={id} aria-label={text.console.details(subject)} onClick={() => setOpen(!isOpen)}>
                    {subject}
                  </button>
                  <div className="muted small line">
                    <span>{row.change.author}</span>
                    <Link to="/changes/$change" params={{ change: String(row.change.changeid) }}>
                      <code>{shortRevision(row.revision) || text.common.number(row.change.changeid)}</code>
                    </Link>
                    {row.change.branch && <span>{row.change.branch}</span>}
                    <Ago at={row.change.when_timestamp} />
                    {row.hasMore && <span title={text.views.moreBuilds}>…</span>}
                  </div>
                </>
              ) : (
                <span className={row.revision ? "" : "muted"}>{row.revision ? <code title={row.revision}>{shortRevision(row.revision)}</code> : text.views.noRevision}</span>
              )}
            </div>
          </div>
        </th>
        {columns.map((column) => (
          <Cell key={column.key} row={row} column={column} />
        ))}
        <td className="rest" />
      </tr>
      {row.change && isOpen && (
        <tr id={id} className="console-details">
          <td colSpan={columns.length + 2}>
            <ChangeItem change={row.change} isOpen />
          </td>
        </tr>
      )}
    </>
  );
});

function Cell({ row, column }: { row: Row; column: Column }): ReactNode {
  if (column.isGroup) {
    return (
      <td>
        <TallyMark tally={tallyOf(row, column.builders.map((one) => one.builderid))} />
      </td>
    );
  }
  const [builder] = column.builders;
  const builds = builder && row.builds.get(builder.builderid);
  return <td>{builder && builds && <BuildMarks builds={builds} builder={builder.name} most={MARKS} />}</td>;
}
