import { expect, it } from "vitest";
import type { Build } from "../api/schema";
import { revisionOf, tableOf } from "./views";

const build = (buildid: number, builderid: number, properties: Build["properties"]): Build => ({
  builderid, buildid, buildrequestid: 1, complete: true, complete_at: 2, locks_duration_s: 0, masterid: 1, number: buildid,
  properties, results: 0, started_at: 1, state_string: "", workerid: 1,
});

it("what was checked out counts more than what was asked for", () => {
  expect(revisionOf(build(1, 1, { got_revision: ["abc", "Git"], revision: ["HEAD", "Build"] }))).toBe("abc");
  expect(revisionOf(build(1, 1, { got_revision: [{ lib: "", app: "def" }, "Git"] }))).toBe("def");
  expect(revisionOf(build(1, 1, null))).toBe("");
});

it("the newest build of a revision is the one that is shown", () => {
  const table = tableOf([build(3, 1, { revision: ["a", "s"] }), build(2, 2, { revision: ["a", "s"] }), build(1, 1, { revision: ["a", "s"] }), build(0, 1, {})]);

  expect([...table.keys()]).toEqual(["a"]);
  expect(table.get("a")?.get(1)?.buildid).toBe(3);
  expect(table.get("a")?.get(2)?.buildid).toBe(2);
});
