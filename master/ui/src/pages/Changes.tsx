/** Changes, newest first, and one change with its builds. */

import { getRouteApi, Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Build, Change } from "../api/schema";
import { config } from "../api/config";
import { useOne, useRows } from "../api/queries";
import { Document, Empty, Section, useTitle } from "../parts/basics";
import { BuildTable } from "../parts/BuildTable";
import { ChangeItem, ChangeList } from "../parts/Changes";
import { useBuilderNames } from "./Pending";
import { text } from "../text";

const route = getRouteApi("/changes/$change");
const SHOWN = 100;

export function ChangesPage(): ReactNode {
  const query = useRows<Change>(`changes?order=-changeid&limit=${SHOWN}`, { events: ["changes/*/new"] });
  useTitle(`${text.changes.title} · ${config().title}`);
  return (
    <>
      <h1>{text.changes.title}</h1>
      <Document query={query}>
        {(changes) =>
          changes.length ? (
            <div className="card">
              <ChangeList changes={changes} />
            </div>
          ) : (
            <Empty>{text.changes.none}</Empty>
          )
        }
      </Document>
    </>
  );
}

export function ChangePage(): ReactNode {
  const { change: id } = route.useParams();
  const path = `changes/${encodeURIComponent(id)}`;
  const query = useOne<Change>(path);
  const builds = useRows<Build>(`${path}/builds`, { events: ["builds/*/new", "builds/*/finished"] });
  const names = useBuilderNames();
  useTitle(`${query.data?.comments.split("\n")[0] ?? text.changes.title} · ${config().title}`);
  return (
    <Document query={query}>
      {(change) => (
        <>
          <nav aria-label={text.nav.breadcrumbs} className="crumbs">
            <Link to="/changes">{text.changes.title}</Link>
          </nav>
          <h1 className="visually-hidden">{change.comments.split("\n")[0]}</h1>
          <div className="card">
            <ChangeItem change={change} isOpen />
          </div>
          {!!builds.data?.length && (
            <Section title={text.changes.builds}>
              <BuildTable builds={builds.data} names={names} />
            </Section>
          )}
        </>
      )}
    </Document>
  );
}
