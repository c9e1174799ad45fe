/** All builders: filtered by name and tags, which the address keeps. */

import { getRouteApi } from "@tanstack/react-router";
import { useMemo, type ReactNode } from "react";
import type { BuilderSummary, BuildersPage } from "../api/schema";
import { config } from "../api/config";
import { useOne } from "../api/queries";
import { countTags } from "../lib/console";
import { Ago, BuilderLink, Document, Empty, Result, Withheld, useTitle } from "../parts/basics";
import { Trend } from "../parts/Charts";
import { useGrowing } from "../parts/growing";
import { useSetting } from "../parts/settings";
import { Strip } from "../parts/Strip";
import { text } from "../text";

const route = getRouteApi("/builders");
const EVENTS = ["builds/*/new", "builds/*/finished", "buildrequests/*/*", "builders/*/*"];

export default function Builders(): ReactNode {
  const query = useOne<BuildersPage>("pages/builders", { events: EVENTS });
  useTitle(`${text.builders.title} · ${config().title}`);
  return (
    <>
      <h1>{text.builders.title}</h1>
      <Document query={query}>{(page) => <Table page={page} />}</Document>
    </>
  );
}

function Table({ page }: { page: BuildersPage }): ReactNode {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const chosen = useMemo(() => (search.tags ?? "").split(",").filter(Boolean), [search.tags]);
  const showsOldElse = useSetting("Builders.show_old_builders");
  const showsOld = search.old === undefined ? showsOldElse : search.old === "1";
  const present = useMemo(
    () => page.builders.filter(({ builder }) => showsOld || builder.masterids.length > 0),
    [page.builders, showsOld],
  );
  const tags = useMemo(() => countTags(present.map(({ builder }) => builder)), [present]);
  const shown = present.filter(
    ({ builder }) =>
      builder.name.toLowerCase().includes((search.q ?? "").toLowerCase()) && chosen.every((tag) => builder.tags.includes(tag)),
  );
  const names = shown.map(({ builder }) => builder.builderid).join(" ");
  const ids = useMemo(() => new Set(names.split(" ").map(Number)), [names]);
  const change = (next: { q?: string; tags?: string; old?: string }): void => {
    const entries = Object.entries({ ...search, ...next }).filter(([, value]) => value);
    void navigate({ search: Object.fromEntries(entries), replace: true });
  };
  const toggle = (tag: string): void =>
    change({ tags: (chosen.includes(tag) ? chosen.filter((one) => one !== tag) : [...chosen, tag]).join(",") });
  const growing = useGrowing(shown.length, useSetting("Builders.page_size"));
  const hasOld = page.builders.some(({ builder }) => builder.masterids.length === 0);
  return (
    <>
      <div className="toolbar">
        <input type="search" aria-label={text.builders.filter} placeholder={text.builders.filter} value={search.q ?? ""} onChange={(event) => change({ q: event.target.value })} />
        {hasOld && (
          <label className="check">
            <input type="checkbox" checked={showsOld} onChange={(event) => change({ old: event.target.checked === showsOldElse ? "" : event.target.checked ? "1" : "0" })} />
            {text.builders.showOld}
          </label>
        )}
        <span className="muted" role="status">
          {text.builders.shown(shown.length, present.length)}
        </span>
      </div>
      {tags.length > 0 && (
        <ul className="tags" aria-label={text.builders.tags}>
          {tags.map(([tag, n]) => (
            <li key={tag}>
              <button type="button" className="tag" aria-pressed={chosen.includes(tag)} onClick={() => toggle(tag)}>
                {tag} <small>{n}</small>
              </button>
            </li>
          ))}
        </ul>
      )}
      {shown.some(({ builds }) => builds?.length) && <Trend builders={ids} />}
      {shown.length === 0 ? (
        <Empty hint={!present.length && text.builders.hint}>{present.length ? text.builders.noMatch : text.builders.none}</Empty>
      ) : (
        <div className="card flush">
          <table className="builders">
            <thead>
              <tr>
                <th>{text.common.builder}</th>
                <th>{text.builders.last}</th>
                <th>{text.common.result}</th>
                <th className="wide">{text.builders.good}</th>
              </tr>
            </thead>
            <tbody>
              {shown.slice(0, growing.shown).map((summary) => (
                <Row key={summary.builder.builderid} summary={summary} />
              ))}
            </tbody>
          </table>
          {growing.end}
        </div>
      )}
      <Withheld parts={page.withheld} />
    </>
  );
}

function Row({ summary }: { summary: BuilderSummary }): ReactNode {
  const { builder, builds, waiting } = summary;
  const newest = builds?.[0];
  return (
    <tr>
      <td>
        <BuilderLink id={builder.builderid}>{builder.name}</BuilderLink>
        {!!waiting && <span className="badge waiting">{text.builders.waiting(waiting)}</span>}
        {builder.tags.length > 0 && <div className="muted small">{builder.tags.join(" · ")}</div>}
      </td>
      <td>{builds && <Strip builder={builder.builderid} builds={builds} />}</td>
      <td className="nowrap">
        {newest ? (
          <>
            <Result results={newest.results} /> <span className="muted small"><Ago at={newest.complete_at ?? newest.started_at} /></span>
          </>
        ) : (
          <span className="muted">{builds && text.builders.neverBuilt}</span>
        )}
      </td>
      <td className="wide nowrap muted">{summary.rated_builds ? text.builders.rate(summary.good_builds ?? 0, summary.rated_builds) : ""}</td>
    </tr>
  );
}
