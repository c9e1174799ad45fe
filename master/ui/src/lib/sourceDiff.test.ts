import { describe, expect, it } from "vitest";
import type { SourceStamp } from "../api/schema";
import { sourceRows } from "./sourceDiff";

const stamp = (given: Partial<SourceStamp>): SourceStamp => ({ branch: "main", codebase: "", created_at: 0, patch: null, project: "", repository: "", revision: "r1", ssid: 1, ...given });
const patch = (patchid: number) => ({ author: "ann", body: "", comment: "", level: 1, patchid, subdir: null });

describe("the differences of sources", () => {
  it("are what differs, and nothing that is the same", () => {
    expect(sourceRows([{ codebase: "", was: stamp({}), becomes: stamp({ revision: "r2", ssid: 2 }) }])).toEqual([{ codebase: "", of: "revision", was: "r1", becomes: "r2" }]);
  });

  it("name the branch, the repository and the project, too", () => {
    const becomes = stamp({ branch: "topic", repository: "git://new", project: "p" });

    expect(sourceRows([{ codebase: "lib", was: stamp({}), becomes }])).toEqual([
      { codebase: "lib", of: "branch", was: "main", becomes: "topic" },
      { codebase: "lib", of: "repository", was: "", becomes: "git://new" },
      { codebase: "lib", of: "project", was: "", becomes: "p" },
    ]);
  });

  it("tell that there is a patch, and when it is another one", () => {
    const one = { codebase: "", was: stamp({}), becomes: stamp({ patch: patch(1) }) };
    const other = { codebase: "", was: stamp({ patch: patch(1) }), becomes: stamp({ patch: patch(2) }) };

    expect(sourceRows([one])).toEqual([{ codebase: "", of: "patch", was: null, becomes: "1 ann" }]);
    expect(sourceRows([other])).toEqual([{ codebase: "", of: "patch", was: "1 ann", becomes: "2 ann" }]);
  });

  it("have a line for a codebase that was not there, even if nothing is known of it", () => {
    expect(sourceRows([{ codebase: "lib", was: null, becomes: stamp({ revision: null, branch: null }) }])).toEqual([{ codebase: "lib", of: "revision", was: null, becomes: null }]);
  });

  it("are none where only the number of the source stamp is another one", () => {
    expect(sourceRows([{ codebase: "", was: stamp({}), becomes: stamp({ ssid: 2 }) }])).toEqual([]);
  });
});
