/** Staging: apps with their packages, stagings and droplets, and the buildpacks. */

import { getRouteApi, Link } from "@tanstack/react-router";
import { useMemo, type ReactNode } from "react";
import type {
  StagingAppPage, StagingAppResource, StagingBuildpackResource, StagingBuildResource, StagingCacheResource, StagingDropletResource, StagingPackageResource,
} from "../api/schema";
import { config } from "../api/config";
import { useOne, useRows } from "../api/queries";
import { formatBytes, stateOf } from "../lib/staging";
import { Ago, Document, Empty, Result, Section, Withheld, useTitle } from "../parts/basics";
import { Table, type Column } from "../parts/ListPage";
import { text } from "../text";

const APPS = 200;
const BUILDS = 30;
const route = getRouteApi("/staging/apps/$app");

/** The beginning of a GUID or a checksum: what tells it from others for a reader. */
function Short({ id }: { id: string | null }): ReactNode {
  return id === null ? null : <code title={id}>{id.slice(0, 12)}</code>;
}

function Size({ bytes }: { bytes: number | null }): ReactNode {
  return bytes === null ? null : <span title={bytes.toLocaleString("en")}>{formatBytes(bytes)}</span>;
}

function State({ state, error = null }: { state: string; error?: string | null }): ReactNode {
  return (
    <>
      <Result {...stateOf(state)} />
      {error !== null && <div className="error small">{error}</div>}
    </>
  );
}

function AppLink({ guid, children }: { guid: string; children: ReactNode }): ReactNode {
  return (
    <Link to="/staging/apps/$app" params={{ app: guid }}>
      {children}
    </Link>
  );
}

const SIZED = <T extends { readonly sha256: string | null; readonly size_bytes: number | null }>(): readonly Column<T>[] => [
  { label: text.staging.checksum, cell: ({ sha256 }) => <Short id={sha256} /> },
  { label: text.staging.size, className: "nowrap", cell: ({ size_bytes }) => <Size bytes={size_bytes} /> },
];

interface PartProps<T> {
  readonly title: string;
  readonly rows: readonly T[];
  readonly none: string;
  readonly hint?: string;
  readonly columns: readonly Column<T>[];
  readonly keyOf: (row: T) => string | number;
}

function Part<T>({ title, rows, none, hint, ...table }: PartProps<T>): ReactNode {
  return (
    <Section title={title}>
      {rows.length === 0 ? (
        <Empty hint={hint}>{none}</Empty>
      ) : (
        <div className="scroll">
          <Table rows={rows} {...table} />
        </div>
      )}
    </Section>
  );
}

// -- all apps ---------------------------------------------------------------------------------

const LIST: readonly Column<StagingAppResource>[] = [
  { label: text.staging.app, className: "text", cell: ({ guid, name }) => <AppLink guid={guid}>{name}</AppLink> },
  { label: text.staging.lifecycle, cell: ({ lifecycle }) => lifecycle },
  { label: text.staging.stack, cell: ({ stack }) => stack },
  { label: text.staging.droplet, cell: ({ current_droplet_guid: droplet }) => (droplet === null ? <span className="muted">{text.staging.noDroplet}</span> : <Short id={droplet} />) },
  { label: text.staging.made, className: "nowrap", cell: ({ created_at }) => <Ago at={created_at} /> },
];

const BUILDPACKS: readonly Column<StagingBuildpackResource>[] = [
  { label: text.staging.position, cell: ({ position }) => position },
  { label: text.common.name, className: "text", cell: ({ name }) => name },
  {
    label: text.common.state,
    className: "text",
    cell: ({ state, enabled, locked, configured }) => (
      <>
        <Result {...(enabled ? stateOf(state) : { look: "cancelled", label: text.staging.off })} />{" "}
        <span className="muted small">{[locked && text.staging.locked, configured && text.staging.configured].filter(Boolean).join(", ")}</span>
      </>
    ),
  },
  { label: text.staging.lifecycle, cell: ({ lifecycle }) => lifecycle },
  { label: text.staging.stack, cell: ({ stack }) => stack ?? text.staging.anyStack },
  { label: text.staging.file, className: "wide", cell: ({ filename }) => filename },
  ...SIZED<StagingBuildpackResource>(),
];

export function Apps(): ReactNode {
  const apps = useRows<StagingAppResource>(`staging_apps?order=name&limit=${APPS}`, { events: ["staging_apps/*/*"] });
  const builds = useRows<StagingBuildResource>(`staging_builds?order=-staging_buildid&limit=${BUILDS}`, { events: ["staging_builds/*/*"] });
  const buildpacks = useRows<StagingBuildpackResource>("staging_buildpacks?order=position", { events: ["staging_buildpacks/*/*"] });
  const names = useMemo(() => new Map(apps.data?.map(({ guid, name }) => [guid, name])), [apps.data]);
  useTitle(`${text.staging.title} · ${config().title}`);
  return (
    <>
      <h1>{text.staging.title}</h1>
      <Document query={apps}>
        {(rows) => <Part title={text.staging.apps} rows={rows} none={text.staging.none} hint={text.staging.hint} columns={LIST} keyOf={(app) => app.guid} />}
      </Document>
      {builds.data && (
        <Part
          title={text.staging.builds}
          rows={builds.data}
          none={text.staging.noBuilds}
          columns={[{ label: text.staging.app, className: "text", cell: ({ app_guid: guid }) => <AppLink guid={guid}>{names.get(guid) ?? guid.slice(0, 12)}</AppLink> }, ...STAGINGS]}
          keyOf={(build) => build.guid}
        />
      )}
      {buildpacks.data && <Part title={text.staging.buildpacks} rows={buildpacks.data} none={text.staging.noBuildpacks} columns={BUILDPACKS} keyOf={(one) => one.guid} />}
    </>
  );
}

// -- one app ----------------------------------------------------------------------------------

/** The phases are the steps of the engine's build; before there is one, its request says why it waits. */
function Phases({ build }: { build: StagingBuildResource }): ReactNode {
  if (build.buildid !== null)
    return (
      <Link to="/builds/$build" params={{ build: String(build.buildid) }}>
        {text.common.build} {build.buildid}
      </Link>
    );
  if (build.buildrequestid === null) return null;
  return (
    <Link to="/buildrequests/$request" params={{ request: String(build.buildrequestid) }}>
      {build.state === "STAGING" && `${text.staging.waits}: `}
      {text.pending.request(build.buildrequestid)}
    </Link>
  );
}

const STAGINGS: readonly Column<StagingBuildResource>[] = [
  { label: text.common.state, className: "text", cell: ({ state, error }) => <State state={state} error={error} /> },
  { label: text.staging.phases, className: "nowrap", cell: (build) => <Phases build={build} /> },
  { label: text.staging.droplet, cell: ({ droplet_guid, droplet_sha256 }) => <Short id={droplet_sha256 ?? droplet_guid} /> },
  { label: text.staging.buildpacks, className: "wide", cell: ({ buildpacks }) => buildpacks.join(", ") || <span className="muted">{text.staging.detected}</span> },
  { label: text.staging.made, className: "nowrap", cell: ({ created_at }) => <Ago at={created_at} /> },
  { label: text.audit.who, className: "wide", cell: ({ created_by }) => created_by },
];

const PACKAGES: readonly Column<StagingPackageResource>[] = [
  { label: text.common.state, className: "text", cell: ({ state, error }) => <State state={state} error={error} /> },
  { label: text.staging.type, className: "text", cell: ({ type, image }) => (image === null ? type : <code>{image}</code>) },
  ...SIZED<StagingPackageResource>(),
  { label: text.staging.made, className: "nowrap", cell: ({ created_at }) => <Ago at={created_at} /> },
];

const CACHES: readonly Column<StagingCacheResource>[] = [
  { label: text.common.name, className: "text", cell: ({ key }) => key },
  { label: text.staging.stack, cell: ({ stack }) => stack },
  ...SIZED<StagingCacheResource>(),
  { label: text.staging.used, className: "nowrap", cell: ({ used_at }) => <Ago at={used_at} /> },
];

function dropletsOf(present: string | null): readonly Column<StagingDropletResource>[] {
  return [
    {
      label: text.common.state,
      className: "text",
      cell: ({ guid, state, error, attested }) => (
        <>
          <State state={state} error={error} />
          {guid === present && <span className="badge success">{text.staging.present}</span>}
          {attested && (
            <span className="badge" title={text.staging.attestedWhy}>
              {text.staging.attested}
            </span>
          )}
        </>
      ),
    },
    { label: text.staging.buildpacks, className: "text", cell: ({ buildpacks, image }) => image ?? buildpacks.join(", ") },
    { label: text.staging.stack, cell: ({ stack }) => stack },
    ...SIZED<StagingDropletResource>(),
    { label: text.staging.made, className: "nowrap", cell: ({ created_at }) => <Ago at={created_at} /> },
  ];
}

export function AppPage(): ReactNode {
  const { app: guid } = route.useParams();
  const query = useOne<StagingAppPage>(`pages/staging_apps/${encodeURIComponent(guid)}`, { events: [`staging_apps/${guid}/*`, `staging_apps/${guid}/*/*/*`] });
  const newest = query.data?.builds?.[0];
  useTitle(`${query.data?.app.name ?? text.staging.app} · ${config().title}`, newest === undefined ? "neutral" : newest.state === "STAGING" ? "running" : newest.state === "STAGED" ? "good" : "bad");
  return <Document query={query}>{(page) => <App page={page} />}</Document>;
}

function App({ page }: { page: StagingAppPage }): ReactNode {
  const { app, builds, droplets, packages, caches } = page;
  return (
    <>
      <header className="page-head">
        <div className="grow">
          <nav aria-label={text.nav.breadcrumbs} className="crumbs">
            <Link to="/staging">{text.staging.title}</Link>
          </nav>
          <h1>{app.name}</h1>
          <p className="line muted">
            <span>{app.lifecycle}</span>
            <span>{app.stack}</span>
            {app.buildpacks.length > 0 && <span>{app.buildpacks.join(", ")}</span>}
            <code>{app.guid}</code>
          </p>
        </div>
      </header>
      {builds && <Part title={text.staging.stagings} rows={builds} none={text.staging.noBuilds} columns={STAGINGS} keyOf={(one) => one.guid} />}
      {droplets && <Part title={text.staging.droplets} rows={droplets} none={text.staging.noDroplets} columns={dropletsOf(app.current_droplet_guid)} keyOf={(one) => one.guid} />}
      {packages && <Part title={text.staging.packages} rows={packages} none={text.staging.noPackages} columns={PACKAGES} keyOf={(one) => one.guid} />}
      {caches.length > 0 && <Part title={text.staging.caches} rows={caches} none="" columns={CACHES} keyOf={(one) => one.staging_cacheid} />}
      <Withheld parts={page.withheld} />
    </>
  );
}
