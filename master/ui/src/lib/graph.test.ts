import { describe, expect, it } from "vitest";
import type { GraphBuildResource } from "../api/schema";
import { branchOf, lookOfStatus, nameOfStatus, requestAgain, requestOf, shortened, shortRid, withoutRids } from "./graph";

describe("names", () => {
  it("tells runs apart by a few letters", () => {
    expect(shortRid("ri.foundry.main.build.8a9e0c5e-32b1-4c5e-9a0e-2f8d7c61b7b5")).toBe("8a9e0c5e");
  });

  it("makes texts shorter that name things by their RIDs", () => {
    expect(withoutRids("the last run, ri.scheduler.main.run.58022285-2d95-4462-b9db-6ea85584f12c, ended")).toBe("the last run, 58022285, ended");
    expect(withoutRids("waits for ri.foundry.main.dataset.1-2, and more", () => "raw")).toBe("waits for raw, and more");
  });

  it("leaves out the middle of long names", () => {
    expect(shortened("packages", 8)).toBe("packages");
    expect(shortened("packages_of_everything", 9)).toBe("pack…hing");
    expect(shortened("packages_of_everything", 10)).toHaveLength(10);
  });

  it("has a look and a word for each status, also for those that it does not know", () => {
    expect([lookOfStatus("DID_NOT_RUN"), nameOfStatus("DID_NOT_RUN")]).toEqual(["skipped", "did not run"]);
    expect([lookOfStatus("NEW"), nameOfStatus("NEW")]).toEqual(["exception", "NEW"]);
  });
});

describe("branches", () => {
  it("are told where they are not the default one, and fall back to that", () => {
    const every = { type: "every" };

    expect(branchOf({ branch: "main", branches: ["main", "next"] })).toEqual({});
    expect(branchOf({ branch: "next", branches: ["main", "next"] })).toEqual({ branch: "next", base: "main" });
    expect(requestOf(every, {})).toEqual({ target: every });
    expect(requestOf(every, { branch: "next", base: "main" }, { force: true })).toEqual({ target: every, branch: "next", fallbacks: ["main"], force: true });
  });
});

describe("asking for what failed again", () => {
  const run = {
    abort_on_failure: true, branch: "next", cancelled_by: null, created_at_ms: 1, created_by: "ada", fallbacks: ["main"],
    finished_at_ms: 2, forced: true, graph_buildid: 3, notifications: false, retry_backoff_ms: 1000, retry_count: 2,
    rid: "ri.1", schedule_rid: null, status: "FAILED",
  } satisfies GraphBuildResource;
  const target = { type: "upstream", targetRids: ["ri.2"], ignoredRids: [] };

  it("repeats what the run was asked for with, but without force", () => {
    expect(requestAgain({ run, target })).toEqual({
      target, branch: "next", fallbacks: ["main"], retry_count: 2, retry_backoff_ms: 1000, abort_on_failure: true, notifications: false,
    });
  });

  it("needs a run that has failed, and to know what was asked for", () => {
    expect(requestAgain({ run: { ...run, status: "SUCCEEDED" }, target })).toBeNull();
    expect(requestAgain({ run: { ...run, status: "RUNNING" }, target })).toBeNull();
    expect(requestAgain({ run, target: null })).toBeNull();
  });
});
