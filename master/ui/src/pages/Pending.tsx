/** All requests that wait. */

import { Link } from "@tanstack/react-router";
import { useMemo, type ReactNode } from "react";
import type { BuildRequest, Builder, Reason } from "../api/schema";
import { config } from "../api/config";
import { useRows } from "../api/queries";
import { ActionButton } from "../parts/actions";
import { Ago, BuilderLink, Document, Empty, useTitle } from "../parts/basics";
import { Reasons } from "../parts/Reasons";
import { text } from "../text";

const SHOWN = 200;
/** Requests whose reasons are asked for; each costs a question. */
const EXPLAINED = 30;

/** Names of builders by id. */
export function useBuilderNames(): ReadonlyMap<number, string> {
  const { data } = useRows<Builder>("builders", { events: ["builders/*/*"] });
  return useMemo(() => new Map(data?.map((builder) => [builder.builderid, builder.name]) ?? []), [data]);
}

export default function Pending(): ReactNode {
  const query = useRows<BuildRequest>(`buildrequests?complete=false&claimed=false&order=-priority&order=submitted_at&order=buildrequestid&limit=${SHOWN}`, { events: ["buildrequests/*/*"] });
  const names = useBuilderNames();
  useTitle(`${text.pending.title} · ${config().title}`);
  return (
    <>
      <h1>{text.pending.title}</h1>
      <Document query={query}>
        {(requests) =>
          requests.length === 0 ? (
            <Empty>{text.pending.none}</Empty>
          ) : (
            <div className="card flush scroll">
              <table className="stack">
                <thead>
                  <tr>
                    <th>{text.build.request}</th>
                    <th>{text.common.builder}</th>
                    <th>{text.pending.submitted}</th>
                    <th>{text.common.priority}</th>
                    <th>{text.pending.why}</th>
                    <td />
                  </tr>
                </thead>
                <tbody>
                  {requests.map((request, index) => (
                    <tr key={request.buildrequestid}>
                      <td>
                        <Link to="/buildrequests/$request" params={{ request: String(request.buildrequestid) }}>
                          {request.buildrequestid}
                        </Link>
                      </td>
                      <td>
                        <BuilderLink id={request.builderid}>{names.get(request.builderid) ?? request.builderid}</BuilderLink>
                      </td>
                      <td className="nowrap">
                        <Ago at={request.submitted_at} />
                      </td>
                      <td>{request.priority}</td>
                      <td className="text">{index < EXPLAINED && <Explanation request={request.buildrequestid} />}</td>
                      <td className="nowrap whole">
                        <RequestButtons request={request} />
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )
        }
      </Document>
    </>
  );
}

/** Why a request waits; asked anew when something happens that may be the reason. */
export function Explanation({ request, most = 3 }: { request: number; most?: number }): ReactNode {
  const { data } = useRows<Reason>(`buildrequests/${request}/explain`, { events: ["builds/*/new", "builds/*/finished", "workers/*/*", `buildrequests/${request}/*`] });
  return data ? <Reasons reasons={data} most={most} /> : null;
}

export function RequestButtons({ request }: { request: BuildRequest }): ReactNode {
  const path = `buildrequests/${request.buildrequestid}`;
  return (
    <span className="buttons">
      <ActionButton
        path={path}
        method="set_priority"
        label={text.pending.setPriority}
        question={{ title: text.pending.setPriority, label: text.pending.newPriority, parameter: "priority", isNumber: true, initial: String(request.priority) }}
      />
      <ActionButton path={path} method="cancel" label={text.pending.cancel} className="danger" question={{ title: text.pending.cancelTitle, label: text.common.reason, parameter: "reason" }} />
    </span>
  );
}
