/** What pages about requests share. */

import { useMemo, type ReactNode } from "react";
import type { BuildRequest, Builder, Reason } from "../api/schema";
import { useRows } from "../api/queries";
import { text } from "../text";
import { ActionButton } from "./actions";
import { Reasons } from "./Reasons";

/** Names of builders by id. */
export function useBuilderNames(): ReadonlyMap<number, string> {
  const { data } = useRows<Builder>("builders", { events: ["builders/*/*"] });
  return useMemo(() => new Map(data?.map((builder) => [builder.builderid, builder.name]) ?? []), [data]);
}

/** Why a request waits; asked anew when something happens that may be the reason. */
export function Explanation({ request, most = 3 }: { request: number; most?: number }): ReactNode {
  const { data } = useRows<Reason>(`buildrequests/${request}/explain`, { events: ["builds/*/new", "builds/*/finished", "workers/*/*", `buildrequests/${request}/*`] });
  return data ? <Reasons reasons={data} most={most} /> : null;
}

export function RequestButtons({ request }: { request: Pick<BuildRequest, "buildrequestid" | "priority"> }): ReactNode {
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
