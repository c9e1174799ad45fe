import { expect, test } from "vitest";
import type { Build, Worker, WorkerMark, WorkerPage, WorkersPage, WorkerSummary } from "../api/schema";
import { chosen, countConditions, mergeWorkerPage, mergeWorkersPage, orderOf } from "./workers";

const mark = (buildid: number, more: Partial<WorkerMark> = {}): WorkerMark => ({ builderid: 1, buildid, number: buildid, complete_at: 20, started_at: 10, results: 0, ...more });

const summary = (workerid: number, name: string, more: Partial<WorkerSummary> = {}, state: Partial<WorkerSummary["worker"]> = {}): WorkerSummary => ({
  builders: 1, builds: [], connected_at: 5, left_at: null, os: "Debian", running: [], version: "1",
  worker: { connected: true, graceful: false, name, pause_reason: null, paused: false, workerid, ...state },
  ...more,
});

const build = (buildid: number, more: Partial<Build> = {}): Build => ({
  builderid: 1, buildid, buildrequestid: 1, complete: false, complete_at: null, locks_duration_s: 0, masterid: 1, number: buildid,
  properties: {}, results: null, started_at: 10, state_string: "", workerid: 1, ...more,
});

const worker = (more: Partial<Worker> = {}): Worker => ({
  configured_on: [], connected_to: [{ masterid: 1 }], graceful: false, name: "a", pause_reason: null, paused: false, workerid: 1, workerinfo: {}, ...more,
});

const WORKERS = [
  summary(1, "a10", { running: [mark(7, { complete_at: null, results: null, started_at: 50 })] }),
  summary(2, "a2", { builds: [mark(3, { started_at: 40 })] }),
  summary(3, "b", {}, { paused: true, pause_reason: "hot" }),
  summary(4, "c", {}, { connected: false }),
  summary(5, "d", { os: "Windows" }, { graceful: true }),
];
const names = (found: readonly WorkerSummary[]): string[] => found.map((one) => one.worker.name);

test("each condition is counted", () => {
  expect(countConditions(WORKERS)).toEqual({ connected: 4, busy: 1, idle: 1, paused: 1, leaving: 1, offline: 1 });
});

test.each([
  [{}, ["a2", "a10", "b", "c", "d"]],
  [{ q: "A1" }, ["a10"]],
  [{ q: "windows" }, ["d"]],
  [{ q: "hot" }, ["b"]],
  [{ state: "idle" }, ["a2"]],
  [{ state: "nonsense" }, ["a2", "a10", "b", "c", "d"]],
  [{ sort: "-name" }, ["d", "c", "b", "a10", "a2"]],
  [{ sort: "state" }, ["c", "b", "d", "a10", "a2"]],
  [{ sort: "running" }, ["a10", "a2", "b", "c", "d"]],
  [{ sort: "builds" }, ["a10", "a2", "b", "c", "d"]],
])("%j chooses and orders", (wanted, expected) => {
  expect(names(chosen(WORKERS, wanted))).toEqual(expected);
});

test("an order that there is not is that by name", () => {
  expect(orderOf("-nonsense")).toEqual({ order: "name", isReversed: false });
});

const page: WorkersPage = { builders: [{ builderid: 1, name: "fast" }], withheld: [], workers: [summary(1, "a", { builds: [mark(3)] })] };
const first = (found: WorkersPage | null): WorkerSummary | undefined => found?.workers[0];

test("a build that begins runs, and one that ends is the newest of the strip", () => {
  const begun = mergeWorkersPage(page, { key: ["builds", "9", "new"], message: build(9) });
  const ended = mergeWorkersPage(begun ?? page, { key: ["builds", "9", "finished"], message: build(9, { complete: true, complete_at: 30, results: 2 }) });

  expect(first(begun)?.running?.map(({ buildid }) => buildid)).toEqual([9]);
  expect(first(ended)?.running).toEqual([]);
  expect(first(ended)?.builds?.map(({ buildid }) => buildid)).toEqual([9, 3]);
});

test("what was told before a build's end does not let it run again", () => {
  const found = mergeWorkersPage(page, { key: ["builds", "3", "update"], message: build(3) });

  expect(first(found)?.running).toEqual([]);
});

test("a build of a builder that the page has no name for has it read again, one of a worker that is not shown does not", () => {
  expect(mergeWorkersPage(page, { key: ["builds", "9", "new"], message: build(9, { builderid: 8 }) })).toBeNull();
  expect(mergeWorkersPage(page, { key: ["builds", "9", "new"], message: build(9, { workerid: 8 }) })).toBe(page);
});

test("a worker that pauses or leaves is changed in its place, a new one is read", () => {
  const paused = mergeWorkersPage(page, { key: ["workers", "1", "state_updated"], message: worker({ paused: true, pause_reason: "hot" }) });
  const left = mergeWorkersPage(page, { key: ["workers", "1", "disconnected"], message: worker({ connected_to: [] }) });

  expect(first(paused)?.worker).toMatchObject({ paused: true, pause_reason: "hot", connected: true });
  expect(first(left)?.worker.connected).toBe(false);
  expect(first(left)?.left_at).not.toBeNull();
  expect(mergeWorkersPage(page, { key: ["workers", "7", "connected"], message: worker({ workerid: 7 }) })).toBeNull();
});

const one: WorkerPage = {
  builders: [{ builderid: 1, name: "fast" }], builds: [build(3, { complete: true })], connected_at: 1, environment: [], left_at: null, masters: [],
  more_builds: false, running: [], withheld: [], worker: worker(),
};

test("the page of a worker has its builds as they come", () => {
  const begun = mergeWorkerPage(one, { key: ["workers", "1", "builds", "9", "new"], message: build(9) });
  const ended = mergeWorkerPage(begun ?? one, { key: ["workers", "1", "builds", "9", "finished"], message: build(9, { complete: true }) });

  expect(begun?.running?.map(({ buildid }) => buildid)).toEqual([9]);
  expect(ended?.running).toEqual([]);
  expect(ended?.builds?.map(({ buildid }) => buildid)).toEqual([9, 3]);
});

test("a worker that is connected anew is read again, a pause is not", () => {
  expect(mergeWorkerPage(one, { key: ["workers", "1", "connected"], message: worker() })).toBeNull();
  expect(mergeWorkerPage(one, { key: ["workers", "1", "state_updated"], message: worker({ paused: true }) })?.worker.paused).toBe(true);
});
