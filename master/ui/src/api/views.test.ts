import { describe, expect, it } from "vitest";
import type { Build, BuiltChange, TimedBuild } from "./schema";
import { mergeBuilt, mergeLoose, mergeTimed } from "./views";

const row = (buildid: number, complete = false): TimedBuild => ({
  builderid: 1, buildid, complete, complete_at: complete ? 9 : null, number: buildid, results: complete ? 0 : null, started_at: 1, state_string: "starting", worker: "w1", workerid: 1,
});
const told = (buildid: number, builderid = 1, complete = true): Build => ({
  builderid, buildid, buildrequestid: 1, complete, complete_at: complete ? 8 : null, locks_duration_s: 0, masterid: 1, number: buildid, properties: null, results: complete ? 2 : null, started_at: 1,
  state_string: complete ? "failed" : "compiling", workerid: 1,
});
const event = (name: string, message: unknown) => ({ key: ["builds", "7", name], message });

describe("builds by time", () => {
  const document = { rows: [row(7), row(6, true)], next: null };

  it("take over what builds say", () => {
    expect(mergeTimed(document, event("update", told(7, 1, false)), null)?.rows[0]).toEqual({ ...row(7), state_string: "compiling" });
    expect(mergeTimed(document, event("finished", told(7)), null)?.rows[0]).toMatchObject({ complete: true, complete_at: 8, results: 2, worker: "w1" });
  });

  it("are read again when one begins, unless it is of another builder", () => {
    expect(mergeTimed(document, event("new", told(8, 1, false)), null)).toBeNull();
    expect(mergeTimed(document, event("new", told(8, 2, false)), [1])).toBe(document);
    expect(mergeTimed(document, event("finished", told(3)), null)).toBe(document);
  });

  it("are not taken back by an old event", () => {
    expect(mergeTimed(document, event("update", told(6, 1, false)), null)).toBe(document);
  });
});

describe("changes", () => {
  const mark = { builderid: 1, buildid: 7, complete_at: null, number: 7, results: null, started_at: 1 };
  const change = { builds: [mark], changeid: 1 } as unknown as BuiltChange;
  const other = { builds: null, changeid: 2 } as unknown as BuiltChange;
  const document = { rows: [other, change], next: null };

  it("take over the ends of their builds", () => {
    expect(mergeBuilt(document, event("finished", told(7)))?.rows).toEqual([other, { ...change, builds: [{ ...mark, complete_at: 8, results: 2 }] }]);
    expect(mergeBuilt(document, event("finished", told(9)))).toBe(document);
    expect(mergeBuilt(document, event("new", told(9)))).toBeNull();
    expect(mergeBuilt(document, { key: ["changes", "3", "new"], message: {} })).toBeNull();
  });

  it("are found by revisions that builds have told since they began", () => {
    const known = { ...mark, properties: { revision: ["a", "Build"] as [unknown, string] } };
    expect(mergeLoose([known], event("finished", told(7)))?.[0]).toMatchObject({ results: 2, properties: known.properties });
    expect(mergeLoose([{ ...known, properties: {} }], event("finished", told(7)))).toBeNull();
    expect(mergeLoose([known], event("new", told(8)))).toBeNull();
  });
});
