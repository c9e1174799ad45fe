/** Workers in a list: which are shown, in which order, and what events change. */

import type { Build, Worker, WorkerMark, WorkerPage, WorkersPage, WorkerSummary } from "../api/schema";
import type { LiveEvent, Merge } from "./merge";

/** As many as the document has of each worker. */
const STRIP = 6;
/** As many as the document of one worker has. */
const BUILDS = 300;

const isBusy = ({ running }: WorkerSummary): boolean => (running?.length ?? 0) > 0;
const isReady = ({ worker }: WorkerSummary): boolean => worker.connected && !worker.paused && !worker.graceful;

/** By which workers are chosen; one may be several of these. */
export const CONDITIONS = {
  connected: ({ worker }: WorkerSummary): boolean => worker.connected,
  busy: isBusy,
  idle: (summary: WorkerSummary): boolean => isReady(summary) && !isBusy(summary),
  paused: ({ worker }: WorkerSummary): boolean => worker.paused,
  leaving: ({ worker }: WorkerSummary): boolean => worker.connected && worker.graceful,
  offline: ({ worker }: WorkerSummary): boolean => !worker.connected,
} as const;
export type Condition = keyof typeof CONDITIONS;

export const isCondition = (name: string | undefined): name is Condition => name !== undefined && name in CONDITIONS;

/** How many workers are in each condition. */
export function countConditions(workers: readonly WorkerSummary[]): Record<Condition, number> {
  const count = (name: Condition): number => workers.filter(CONDITIONS[name]).length;
  return { connected: count("connected"), busy: count("busy"), idle: count("idle"), paused: count("paused"), leaving: count("leaving"), offline: count("offline") };
}

/** What somebody has to look at comes first. */
const rank = (summary: WorkerSummary): number => (!summary.worker.connected ? 0 : summary.worker.paused ? 1 : summary.worker.graceful ? 2 : isBusy(summary) ? 3 : 4);
const lastAt = ({ running, builds }: WorkerSummary): number => running?.at(-1)?.started_at ?? builds?.[0]?.started_at ?? 0;

const ORDERS = {
  name: (a: WorkerSummary, b: WorkerSummary): number => a.worker.name.localeCompare(b.worker.name, "en", { numeric: true }),
  state: (a: WorkerSummary, b: WorkerSummary): number => rank(a) - rank(b),
  running: (a: WorkerSummary, b: WorkerSummary): number => (b.running?.length ?? 0) - (a.running?.length ?? 0),
  builds: (a: WorkerSummary, b: WorkerSummary): number => lastAt(b) - lastAt(a),
  builders: (a: WorkerSummary, b: WorkerSummary): number => b.builders - a.builders,
} as const;
export type Order = keyof typeof ORDERS;

export interface Wanted {
  /** Part of the name, of the system, or of the reason of a pause. */
  readonly q?: string | undefined;
  readonly state?: string | undefined;
  /** An order; with `-` before it the other way round. */
  readonly sort?: string | undefined;
}

/** The order that is asked for, and whether it is turned round; by name if there is no such one. */
export function orderOf(sort: string | undefined): { order: Order; isReversed: boolean } {
  const isReversed = sort?.startsWith("-") ?? false;
  const name = (isReversed ? sort?.slice(1) : sort) ?? "name";
  return name in ORDERS ? { order: name as Order, isReversed } : { order: "name", isReversed: false };
}

/** The workers that are asked for; those that are equal by the order stand by their names. */
export function chosen(workers: readonly WorkerSummary[], { q = "", state, sort }: Wanted): WorkerSummary[] {
  const text = q.trim().toLowerCase();
  const fits = isCondition(state) ? CONDITIONS[state] : () => true;
  const { order, isReversed } = orderOf(sort);
  const compare = ORDERS[order];
  const found = workers.filter((one) => fits(one) && `${one.worker.name} ${one.os} ${one.worker.pause_reason ?? ""}`.toLowerCase().includes(text));
  return found.sort((a, b) => (isReversed ? -1 : 1) * compare(a, b) || ORDERS.name(a, b));
}

// -- events -----------------------------------------------------------------------------------

const now = (): number => Math.floor(Date.now() / 1000);
const isUp = (worker: Worker): boolean => worker.connected_to.length > 0;

const markOf = ({ builderid, buildid, complete_at, number, results, started_at }: Build): WorkerMark => ({ builderid, buildid, complete_at, number, results, started_at });

/** Builds with one more at the place that its number of the row gives it; one that is there already is replaced. */
function withBuild<T extends { readonly buildid: number }>(builds: readonly T[], build: T): T[] {
  return [...builds.filter(({ buildid }) => buildid !== build.buildid), build].sort((a, b) => a.buildid - b.buildid);
}

/** All workers: whatever begins, ends, comes or goes; read again when there is something of which only its number is known. */
export const mergeWorkersPage: Merge<WorkersPage> = (page, event) => {
  const { key, message } = event;
  if (key[0] === "workers" && key.length === 3) return withWorker(page, event);
  if (key[0] !== "builds" || key.length !== 3) return null;
  const build = message as Build;
  const at = page.workers.findIndex(({ worker }) => worker.workerid === build.workerid);
  const before = page.workers[at];
  if (!before?.running || !before.builds) return page;
  if (page.builders !== null && !page.builders.some(({ builderid }) => builderid === build.builderid)) return null;
  const isEnded = build.complete || before.builds.some(({ buildid }) => buildid === build.buildid);
  const running = before.running.filter(({ buildid }) => buildid !== build.buildid);
  const after = isEnded
    ? { ...before, running, builds: build.complete ? withBuild(before.builds, markOf(build)).reverse().slice(0, STRIP) : before.builds }
    : { ...before, running: withBuild(running, markOf(build)) };
  return { ...page, workers: page.workers.with(at, after) };
};

function withWorker(page: WorkersPage, { key, message }: LiveEvent): WorkersPage | null {
  const told = message as Worker;
  const at = page.workers.findIndex(({ worker }) => worker.workerid === told.workerid);
  const before = page.workers[at];
  if (!before) return null;
  const { graceful, pause_reason, paused } = told;
  const version = told.workerinfo["version"];
  const after: WorkerSummary = {
    ...before,
    worker: { ...before.worker, connected: isUp(told), graceful, pause_reason, paused },
    version: typeof version === "string" ? version : before.version,
    connected_at: key[2] === "connected" ? now() : before.connected_at,
    left_at: key[2] === "disconnected" ? now() : before.left_at,
  };
  return { ...page, workers: page.workers.with(at, after) };
}

/** A worker: its builds as they come; read again when it is connected, which may have changed anything. */
export const mergeWorkerPage: Merge<WorkerPage> = (page, { key, message }) => {
  if (key[0] !== "workers") return null;
  if (key.length === 3) {
    const worker = message as Worker;
    if (key[2] === "connected" || isUp(worker) !== isUp(page.worker)) return null;
    return { ...page, worker: { ...page.worker, graceful: worker.graceful, pause_reason: worker.pause_reason, paused: worker.paused } };
  }
  if (key[2] !== "builds" || !page.running || !page.builds) return null;
  const build = message as Build;
  if (page.builders !== null && !page.builders.some(({ builderid }) => builderid === build.builderid)) return null;
  const running = page.running.filter(({ buildid }) => buildid !== build.buildid);
  if (!build.complete) return page.builds.some(({ buildid }) => buildid === build.buildid) ? page : { ...page, running: withBuild(running, build) };
  const builds = withBuild(page.builds, build).reverse();
  return { ...page, running, builds: builds.slice(0, BUILDS), more_builds: page.more_builds === true || builds.length > BUILDS };
};
