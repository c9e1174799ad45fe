/** Changes, newest first, with what was built of them; and one change with its builds, parents and children. */

import { getRouteApi, Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { BuiltChange, Change, ChangePage as ChangeDocument, NamedBuild } from "../api/schema";
import { config } from "../api/config";
import { useGrowingRows } from "../api/growing";
import { useOne } from "../api/queries";
import { Document, Empty, Section, Withheld, useTitle } from "../parts/basics";
import { BuildTable } from "../parts/BuildTable";
import { ChangeFacts, ChangeItem, ChangeList } from "../parts/Changes";
import { FilterField, Filters, queryOf } from "../parts/filters";
import { More } from "../parts/growing";
import { BuildMarks } from "../parts/Marks";
import { useBuilderNames } from "../parts/requests";
import { text } from "../text";

const route = getRouteApi("/changes/$change");
const listRoute = getRouteApi("/changes");
const OPERATORS = {
  author: "author__contains",
  branch: "branch__contains",
  revision: "revision__contains",
  project: "project__contains",
  repository: "repository__contains",
  codebase: "codebase__contains",
  category: "category__contains",
} as const;
type Name = keyof typeof OPERATORS;
type Search = { readonly [name in Name]?: string };
const ALWAYS: readonly Name[] = ["author", "branch", "revision"];
const OTHERS: readonly Name[] = ["project", "repository", "codebase", "category"];
const CHOICES = 50;

export function ChangesPage(): ReactNode {
  const search: Search = listRoute.useSearch();
  const navigate = listRoute.useNavigate();
  const filters = queryOf(search, OPERATORS);
  const rows = useGrowingRows<BuiltChange>(`pages/change_list?order=-changeid${filters && "&"}${filters}`, {
    events: ["changes/*/new", "builds/*/new", "builds/*/finished"],
    keyOf: ({ changeid }) => changeid,
    compare: (a, b) => b.changeid - a.changeid,
    limit: 50,
  });
  const names = useBuilderNames();
  useTitle(`${text.changes.title} · ${config().title}`);
  const field = (name: Name): ReactNode => {
    const choices = name === "revision" ? [] : [...new Set(rows.data?.map((change) => change[name] ?? "").filter(Boolean))].slice(0, CHOICES);
    return (
      <FilterField
        key={name}
        label={text.changes.fields[name]}
        value={search[name] ?? ""}
        choices={choices}
        onChange={(value) => void navigate({ search: (before: Search) => ({ ...before, [name]: value || undefined }), replace: true })}
      />
    );
  };
  return (
    <>
      <h1>{text.changes.title}</h1>
      <Filters isFiltered={filters !== ""} onClear={() => void navigate({ search: {}, replace: true })}>
        {ALWAYS.map(field)}
        <details className="more-filters" open={OTHERS.some((name) => search[name])}>
          <summary>{text.changes.moreFilters}</summary>
          <div className="filters">{OTHERS.map(field)}</div>
        </details>
      </Filters>
      <Document query={rows}>
        {(changes) =>
          changes.length === 0 ? (
            <Empty hint={!filters && text.changes.hint}>{filters ? text.common.noMatch : text.changes.none}</Empty>
          ) : (
            <>
              <div className="card">
                <ul className="rows changes">
                  {changes.map((change) => (
                    <li key={change.changeid} className="row">
                      <ChangeItem change={change} marks={change.builds && <BuildMarks builds={change.builds} names={names} hasMore={change.more_builds} />} />
                    </li>
                  ))}
                </ul>
              </div>
              <More {...rows} />
            </>
          )
        }
      </Document>
    </>
  );
}

export function ChangePage(): ReactNode {
  const { change: id } = route.useParams();
  const query = useOne<ChangeDocument>(`pages/changes/${encodeURIComponent(id)}`, { events: ["builds/*/new", "builds/*/finished"] });
  const subject = query.data?.change.comments.split("\n")[0];
  useTitle(`${subject ?? text.changes.title} · ${config().title}`);
  return (
    <Document query={query}>
      {({ builds, change, children, parents, withheld }) => (
        <>
          <nav aria-label={text.nav.breadcrumbs} className="crumbs">
            <Link to="/changes">{text.changes.title}</Link>
          </nav>
          <h1 className="visually-hidden">{change.comments.split("\n")[0]}</h1>
          <div className="card">
            <ChangeItem change={change} isOpen />
            <ChangeFacts change={change} />
          </div>
          {builds && <Builds builds={builds} />}
          <Relatives title={text.changes.parents} changes={parents} />
          <Relatives title={text.changes.children} changes={children} />
          <Withheld parts={withheld} />
        </>
      )}
    </Document>
  );
}

function Builds({ builds }: { builds: readonly NamedBuild[] }): ReactNode {
  const names = new Map(builds.map(({ build, builder }) => [build.builderid, builder ?? String(build.builderid)]));
  return (
    <Section title={text.changes.builds}>{builds.length === 0 ? <Empty>{text.changes.noBuilds}</Empty> : <BuildTable builds={builds.map(({ build }) => build)} names={names} />}</Section>
  );
}

function Relatives({ title, changes }: { title: string; changes: readonly Change[] }): ReactNode {
  if (changes.length === 0) return null;
  return (
    <Section title={title}>
      <ChangeList changes={changes} />
    </Section>
  );
}
