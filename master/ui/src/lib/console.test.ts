import { describe, expect, it } from "vitest";
import type { Build, BuiltChange, ChangeBuild } from "../api/schema";
import { countTags, groupsOf, isWanted, revisionOf, rowsOf, tallyOf, worstOf, type LooseBuild, type NamedBuilder } from "./console";

const mark = (buildid: number, builderid: number, results: number | null = 0): ChangeBuild => ({ builderid, buildid, complete_at: results === null ? null : 20, number: buildid, results, started_at: buildid * 10 });
const change = (changeid: number, revision: string | null, when_timestamp: number, builds: ChangeBuild[] | null): BuiltChange => ({
  author: "ann", branch: "main", builds, category: null, changeid, codebase: "", comments: "", committer: null, files: [], more_builds: false,
  project: "", repository: "", revision, revlink: null, when_timestamp,
});
const loose = (buildid: number, builderid: number, properties: Build["properties"]): LooseBuild => ({ ...mark(buildid, builderid), properties });
const builder = (builderid: number, name: string, ...tags: string[]): NamedBuilder => ({ builderid, name, tags, masterids: [1] });
const ids = (rows: ReturnType<typeof rowsOf>) => rows.map((row) => [row.key, [...row.builds.values()].flat().map((build) => build.buildid)]);

describe("the revision of a build", () => {
  it("is what was checked out before what was asked for", () => {
    expect(revisionOf({ properties: { got_revision: ["abc", "Git"], revision: ["HEAD", "Build"] } })).toBe("abc");
    expect(revisionOf({ properties: { got_revision: [{ lib: "", app: "def" }, "Git"] } })).toBe("def");
    expect(revisionOf({ properties: null })).toBe("");
  });
});

describe("rows", () => {
  it("are changes with the builds of each builder, newest first", () => {
    const [row] = rowsOf([change(2, "b", 50, [mark(9, 1), mark(8, 2), mark(7, 1)])], []);

    expect([...(row?.builds ?? [])].map(([id, builds]) => [id, builds.map((one) => one.buildid)])).toEqual([[1, [9, 7]], [2, [8]]]);
  });

  it("take in builds of the same revision that belong to no change, once", () => {
    const rows = rowsOf([change(2, "b", 50, [mark(7, 1)])], [loose(9, 1, { got_revision: ["b", "Git"] }), loose(7, 1, { revision: ["b", "Build"] })]);

    expect(ids(rows)).toEqual([["change-2", [9, 7]]]);
  });

  it("are revisions, too, where nobody has told of a change; builds without any come last", () => {
    const rows = rowsOf([change(2, "b", 200, []), change(1, "a", 100, [])], [loose(30, 1, {}), loose(15, 1, { revision: ["x", "Force"] }), loose(1, 1, { revision: ["old", "Force"] })]);

    expect(ids(rows)).toEqual([["change-2", []], ["revision-x", [15]], ["change-1", []], ["revision-old", [1]], ["revision-", [30]]]);
  });

  it("of changes whose builds one may not see have none", () => {
    expect(ids(rowsOf([change(1, null, 1, null)], []))).toEqual([["change-1", []]]);
  });
});

describe("several builds together", () => {
  it("look as the worst of them", () => {
    expect(worstOf(["success", "failure", "running"])).toBe("failure");
    expect(worstOf(["success", "running"])).toBe("running");
    expect(worstOf(["success", "skipped"])).toBe("success");
    expect(worstOf([])).toBeNull();
  });

  it("count by the newest of each builder", () => {
    const [row] = rowsOf([change(1, "a", 1, [mark(9, 1, 0), mark(8, 1, 2), mark(7, 2, 2), mark(6, 3, null)])], []);

    expect(row && tallyOf(row, [1, 2, 3, 4])).toEqual({ built: 3, bad: 1, running: 1, look: "failure" });
    expect(row && tallyOf(row, [4])).toEqual({ built: 0, bad: 0, running: 0, look: null });
  });
});

describe("builders", () => {
  const all = [builder(1, "b", "linux", "fast"), builder(2, "a", "linux"), builder(3, "c", "fast"), builder(4, "d", "win"), builder(5, "e")];

  it("stand in the group of their most frequent tag", () => {
    expect(groupsOf(all).map(({ tag, builders }) => [tag, builders.map(({ name }) => name)])).toEqual([["fast", ["b", "c"]], ["linux", ["a"]], ["win", ["d"]], ["", ["e"]]]);
  });

  it("are found by name and by all chosen tags", () => {
    expect(all.filter((one) => isWanted(one, "", ["linux", "fast"])).map(({ name }) => name)).toEqual(["b"]);
    expect(all.filter((one) => isWanted(one, "A", [])).map(({ name }) => name)).toEqual(["a"]);
    expect(countTags(all)).toEqual([["fast", 2], ["linux", 2], ["win", 1]]);
  });
});
