/** The queue as it is shown: in the order of the master, changed by what events tell. */

import type { BuildRequest, PendingRequest } from "../api/schema";
import type { LiveEvent } from "./merge";
import type { Order } from "./growing";

/** As requests are taken: by priority, then by age. */
export const QUEUE: Order<PendingRequest> = {
  keyOf: ({ buildrequestid }) => buildrequestid,
  compare: (a, b) => b.priority - a.priority || a.submitted_at - b.submitted_at || a.buildrequestid - b.buildrequestid,
};

/** The rows after an event about a request: one that is taken or ended is gone, one with another priority has moved. */
export function afterEvent(rows: readonly PendingRequest[], { message }: LiveEvent): readonly PendingRequest[] {
  const { buildrequestid, claimed, complete, priority } = message as BuildRequest;
  const at = rows.findIndex((row) => row.buildrequestid === buildrequestid);
  const row = rows[at];
  if (!row) return rows;
  if (claimed || complete) return rows.toSpliced(at, 1);
  return row.priority === priority ? rows : rows.with(at, { ...row, priority }).toSorted(QUEUE.compare);
}
