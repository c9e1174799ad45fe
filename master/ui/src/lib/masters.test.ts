import { expect, test } from "vitest";
import type { Build, MastersPage, Worker } from "../api/schema";
import { mergeMastersPage } from "./masters";

const page: MastersPage = {
  withheld: [],
  masters: [1, 2].map((masterid) => ({
    builders: [], master: { active: true, last_active: 1, masterid, name: `m${masterid}` }, running: 1, started_at: 1, version: "1",
    workers: masterid === 1 ? [{ workerid: 5, name: "b" }] : [],
  })),
};
const build = { masterid: 2, buildid: 9 } as Build;
const worker = (workerid: number, name: string, masters: number[]): Worker => ({
  configured_on: [], connected_to: masters.map((masterid) => ({ masterid })), graceful: false, name, pause_reason: null, paused: false, workerid, workerinfo: {},
});

test("builds that begin and end are counted where they run", () => {
  const begun = mergeMastersPage(page, { key: ["builds", "9", "new"], message: build });
  const ended = mergeMastersPage(begun ?? page, { key: ["builds", "9", "finished"], message: build });

  expect(begun?.masters.map(({ running }) => running)).toEqual([1, 2]);
  expect(ended?.masters.map(({ running }) => running)).toEqual([1, 1]);
});

test("workers come to a master and leave it", () => {
  const came = mergeMastersPage(page, { key: ["workers", "4", "connected"], message: worker(4, "a", [1]) });
  const left = mergeMastersPage(came ?? page, { key: ["workers", "5", "disconnected"], message: worker(5, "b", []) });

  expect(came?.masters[0]?.workers?.map(({ name }) => name)).toEqual(["a", "b"]);
  expect(left?.masters[0]?.workers?.map(({ name }) => name)).toEqual(["a"]);
  expect(left?.masters[1]).toBe(page.masters[1]);
});

test("a master that starts is read", () => {
  expect(mergeMastersPage(page, { key: ["masters", "3", "started"], message: {} })).toBeNull();
});
