/** Doing the same to many requests. */

import { act, getDocument, patiently } from "./client";

/** So many at once, as the master has it. */
const AT_ONCE = 500;
/** As many as the master gives to everybody. */
const READ_AT_ONCE = 1_000;

export interface Told {
  readonly buildrequestid: number;
  readonly done: boolean;
  readonly problem: string | null;
}

/**
 * Call a method of each of these requests.
 * @param tell is told how many have been asked for
 * @returns those to which it was not done, with the reason
 */
export async function actOnEach(ids: readonly number[], method: "cancel" | "set_priority", params: object, tell: (asked: number) => void): Promise<Told[]> {
  const refused: Told[] = [];
  for (let first = 0; first < ids.length; first += AT_ONCE) {
    const some = ids.slice(first, first + AT_ONCE);
    const told = await patiently(() => act<Told[]>("buildrequests", method, { ...params, buildrequestids: some }));
    refused.push(...told.filter((one) => !one.done));
    tell(first + some.length);
  }
  return refused;
}

/** The ids of all requests that wait and match. @param filters as in a query */
export async function waitingIds(filters: string): Promise<number[]> {
  const fields = ["buildrequestid", "builder", "builderid", "tags"].map((field) => `field=${field}`).join("&");
  const found: number[] = [];
  let after: string | null = "";
  while (after !== null) {
    const path: string = `pages/pending?${filters}${filters && "&"}${fields}&order=buildrequestid&limit=${READ_AT_ONCE}&after=${encodeURIComponent(after)}`;
    const document = (await getDocument(path)) as { pending_requests: { buildrequestid: number }[]; meta: { next?: string | null } };
    found.push(...document.pending_requests.map((row) => row.buildrequestid));
    after = document.meta.next ?? null;
  }
  return found;
}
