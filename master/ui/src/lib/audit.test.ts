import { describe, expect, it } from "vitest";
import { linkOf, readable } from "./audit";

describe("the audit log", () => {
  it("leads to what an entry is about", () => {
    expect(linkOf("builds/12")).toBe("/builds/12");
    expect(linkOf("builders/3/builds/4")).toBe("/builders/3/builds/4");
    expect(linkOf("buildrequests/5")).toBe("/buildrequests/5");
    expect(linkOf("buildrequests")).toBe("/pending");
    expect(linkOf("changes")).toBe("/changes");
    expect(linkOf("tokens/5")).toBeUndefined();
    expect(linkOf("forceschedulers/release")).toBeUndefined();
  });

  it("tells values in words", () => {
    expect(readable({ enabled: false, pause_reason: "dust", ids: [1, 2], nothing: null, empty: "", deep: { a: true } })).toEqual([
      ["enabled", "no"],
      ["pause reason", "dust"],
      ["ids", "1, 2"],
      ["deep", "a yes"],
    ]);
  });
});
