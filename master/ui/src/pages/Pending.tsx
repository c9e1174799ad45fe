/** All requests that wait. */

import { Link } from "@tanstack/react-router";
import { useMemo, type ReactNode } from "react";
import type { BuildRequest, Builder, Reason } from "../api/schema";
import { useRows } from "../api/queries";
import { ActionButton } from "../parts/actions";
import { Ago, BuilderLink } from "../parts/basics";
import { ListPage, type Column } from "../parts/ListPage";
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
  const columns: readonly Column<BuildRequest>[] = [
    {
      label: text.build.request,
      cell: ({ buildrequestid }) => (
        <Link to="/buildrequests/$request" params={{ request: String(buildrequestid) }}>
          {buildrequestid}
        </Link>
      ),
    },
    { label: text.common.builder, cell: ({ builderid }) => <BuilderLink id={builderid}>{names.get(builderid) ?? builderid}</BuilderLink> },
    { label: text.pending.submitted, className: "nowrap", cell: ({ submitted_at }) => <Ago at={submitted_at} /> },
    { label: text.common.priority, cell: ({ priority }) => priority },
    { label: text.pending.why, className: "text", cell: ({ buildrequestid }, index) => index < EXPLAINED && <Explanation request={buildrequestid} /> },
    { className: "nowrap whole", cell: (request) => <RequestButtons request={request} /> },
  ];
  return <ListPage title={text.pending.title} query={query} none={text.pending.none} columns={columns} keyOf={(one) => one.buildrequestid} />;
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
