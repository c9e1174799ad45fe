import { describe, expect, it } from "vitest";
import type { Build, BuildPage, FrontPage, GraphBuildResource, GraphRunPage, Log, Step } from "../api/schema";
import { mergeBuildPage, mergeFrontPage, mergeLog, mergeRunPage } from "./merge";

const build: Build = {
  builderid: 1, buildid: 7, buildrequestid: 3, complete: false, complete_at: null, locks_duration_s: 0, masterid: 1,
  number: 2, properties: null, results: null, started_at: 100, state_string: "starting", workerid: 1,
};
const step: Step = {
  buildid: 7, complete: false, complete_at: null, hidden: false, locks_acquired_at: null, name: "compile", number: 1,
  results: null, started_at: 101, state_string: "running", stepid: 11, urls: [],
};
const log: Log = { complete: false, logid: 21, name: "stdio", num_lines: 5, slug: "stdio", stepid: 11, type: "s" };
const page: BuildPage = {
  attempts: [], build, builder: null, buildset: null, changes: [], could_take_over: null, data: [], difference: null,
  environment: [], failed_part_of: null, next_number: null,
  parent: null, previous_number: null, properties: { a: [1, "x"] }, rebuilds: [], rebuilt: null, request: null,
  steps: [{ step, logs: [log] }], stop: null, taken_over: [], test_result_sets: [], triggered: [], typical_s: null, withheld: [], worker: "w1",
};
const event = (key: string, message: unknown) => ({ key: key.split("/"), message });

describe("the page of a build", () => {
  it("takes over what the build says", () => {
    const merged = mergeBuildPage(page, event("builds/7/update", { ...build, state_string: "compiling" }));
    expect(merged?.build.state_string).toBe("compiling");
  });

  it("is read again when the build has ended", () => {
    expect(mergeBuildPage(page, event("builds/7/finished", { ...build, complete: true }))).toBeNull();
  });

  it("puts a new step in its place, and a known one in place of the old", () => {
    const first = { ...step, stepid: 10, number: 0, name: "git" };
    const merged = mergeBuildPage(page, event("builds/7/steps/10/new", first));
    expect(merged?.steps?.map((one) => one.step.name)).toEqual(["git", "compile"]);
    const ended = { ...step, complete: true, results: 2 };
    const again = merged && mergeBuildPage(merged, event("builds/7/steps/11/finished", ended));
    expect(again?.steps?.[1]).toEqual({ step: ended, logs: [log] });
  });

  it("is not taken back by an event older than what was read", () => {
    const ended = { ...page, steps: [{ step: { ...step, complete: true, results: 0 }, logs: [{ ...log, num_lines: 9 }] }] };
    expect(mergeBuildPage(ended, event("builds/7/steps/11/updated", step))).toBe(ended);
    const merged = mergeBuildPage(ended, event("logs/21/append", log));
    expect(merged?.steps?.[0]?.logs?.[0]?.num_lines).toBe(9);
  });

  it("lets logs grow, and new ones appear", () => {
    const merged = mergeBuildPage(page, event("logs/21/append", { ...log, num_lines: 8 }));
    expect(merged?.steps?.[0]?.logs?.[0]?.num_lines).toBe(8);
    const more = mergeBuildPage(page, event("logs/22/new", { ...log, logid: 22, name: "warnings" }));
    expect(more?.steps?.[0]?.logs).toHaveLength(2);
  });

  it("leaves logs of other builds alone", () => {
    expect(mergeBuildPage(page, event("logs/99/append", { ...log, logid: 99, stepid: 98 }))).toBe(page);
  });

  it("adds properties to those that are known", () => {
    const merged = mergeBuildPage(page, event("builds/7/properties/update", { b: [2, "y"] }));
    expect(merged?.properties).toEqual({ a: [1, "x"], b: [2, "y"] });
  });

  it("shows nothing that it was not given", () => {
    const withheld = { ...page, steps: null, properties: null };
    expect(mergeBuildPage(withheld, event("builds/7/steps/11/new", step))).toBe(withheld);
    expect(mergeBuildPage(withheld, event("builds/7/properties/update", { b: [2, "y"] }))).toBe(withheld);
  });
});

describe("the front page", () => {
  const front: FrontPage = {
    broken: [], broken_total: 0, hours: [], hours_since: 0, masters: [], recent: [], running: [{ build, builder: "b", typical_s: 60, worker: "w" }], running_total: 1,
    waiting: [], waiting_total: 0, withheld: [], workers: null,
  };

  it("takes over what running builds say", () => {
    const merged = mergeFrontPage(front, event("builds/7/update", { ...build, state_string: "testing" }));
    expect(merged?.running?.[0]?.build.state_string).toBe("testing");
  });

  it("is read again when builds come and go", () => {
    expect(mergeFrontPage(front, event("builds/7/finished", build))).toBeNull();
    expect(mergeFrontPage(front, event("workers/1/disconnected", {}))).toBeNull();
  });
});

describe("a log", () => {
  it("only grows", () => {
    expect(mergeLog(log, event("logs/21/append", { ...log, num_lines: 6 }))?.num_lines).toBe(6);
    expect(mergeLog(log, event("logs/21/append", { ...log, num_lines: 4 }))).toBe(log);
    expect(mergeLog({ ...log, complete: true }, event("logs/21/append", { ...log, num_lines: 6 }))?.num_lines).toBe(5);
  });
});

describe("a run of a graph", () => {
  const run: GraphBuildResource = {
    abort_on_failure: false, branch: "main", cancelled_by: null, created_at_ms: 1, created_by: "ann", fallbacks: [], finished_at_ms: null, forced: false,
    graph_buildid: 1, notifications: false, retry_backoff_ms: 0, retry_count: 0, rid: "ri.1", schedule_rid: null, status: "RUNNING",
  };
  const page: GraphRunPage = { jobs: [], jobs_total: 0, run, schedule: null, target: null, withheld: [] };

  it("takes over how far it is, and is read again when a job changes", () => {
    const ended = { ...run, status: "FAILED", finished_at_ms: 5 };
    expect(mergeRunPage(page, event("graph_builds/ri.1/finished", ended))?.run).toBe(ended);
    expect(mergeRunPage(page, event("graph_builds/ri.1/jobs/ri.2/update", {}))).toBeNull();
  });

  it("does not begin again, and is no other one", () => {
    const ended = { ...page, run: { ...run, finished_at_ms: 5 } };
    expect(mergeRunPage(ended, event("graph_builds/ri.1/update", run))).toBe(ended);
    expect(mergeRunPage(page, event("graph_builds/ri.9/update", { ...run, rid: "ri.9" }))).toBe(page);
  });
});
