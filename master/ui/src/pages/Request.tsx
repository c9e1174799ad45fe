/** One request: why it waits, and its builds. While it waits, the page goes on to its first build. */

import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useEffect, useState, type ReactNode } from "react";
import type { Build, BuildRequest, Stop } from "../api/schema";
import { config } from "../api/config";
import { useOne, useRows } from "../api/queries";
import { Ago, BuilderLink, Document, Result, Section, useTitle } from "../parts/basics";
import { Stopped } from "../parts/build/Stopped";
import { BuildTable } from "../parts/BuildTable";
import { Explanation, RequestButtons, useBuilderNames } from "../parts/requests";
import { text } from "../text";

const CANCELLED = 6;
const route = getRouteApi("/buildrequests/$request");

export default function RequestPage(): ReactNode {
  const { request: id } = route.useParams();
  const path = `buildrequests/${encodeURIComponent(id)}`;
  const query = useOne<BuildRequest>(path, { events: [`${path}/*`] });
  const builds = useRows<Build>(`${path}/builds`, { events: ["builds/*/new", "builds/*/finished"] });
  const names = useBuilderNames();
  const navigate = useNavigate();
  const [hasWaited, setWaited] = useState(false);
  useTitle(`${text.pending.request(Number(id))} · ${config().title}`);
  const first = builds.data?.[0];
  useEffect(() => {
    if (builds.data && !first) setWaited(true);
    if (first && (hasWaited || location.hash.includes("redirect_to_build")))
      void navigate({ to: "/builders/$builder/builds/$number", params: { builder: String(first.builderid), number: String(first.number) }, replace: true });
  }, [builds.data, first, hasWaited, navigate]);
  return (
    <Document query={query}>
      {(request) => (
        <>
          <header className="page-head">
            <div className="grow">
              <h1>{text.pending.request(request.buildrequestid)}</h1>
              <p className="line muted">
                <BuilderLink id={request.builderid}>{names.get(request.builderid) ?? request.builderid}</BuilderLink>
                <span>
                  {text.pending.submitted} <Ago at={request.submitted_at} />
                </span>
                <span>
                  {text.common.priority} {request.priority}
                </span>
                {request.complete && <Result results={request.results} />}
              </p>
            </div>
            {!request.complete && <RequestButtons request={request} />}
          </header>
          {request.complete && request.results === CANCELLED && <Cancelled path={path} />}
          {!request.complete && !request.claimed && (
            <Section title={text.builder.why}>
              <Explanation request={request.buildrequestid} most={50} />
            </Section>
          )}
          {!!builds.data?.length && (
            <Section title={text.request.builds}>
              <BuildTable builds={builds.data} names={names} />
            </Section>
          )}
        </>
      )}
    </Document>
  );
}

/** Who has cancelled it, or stopped its builds. */
function Cancelled({ path }: { path: string }): ReactNode {
  const stops = useRows<Stop>(`${path}/stops`);
  return stops.data?.map((stop) => (
    <p key={stop.buildid ?? 0} className="telling">
      <Stopped stop={stop} />
    </p>
  ));
}
