import { describe, expect, it } from "vitest";
import { DEFINITIONS, NAMES, checked, chosenWith, read, settled, usable } from "./settings";

describe("settings", () => {
  it("hold as the browser keeps them, else as the master says, else as they begin", () => {
    const holds = settled(usable({ "Grid.revisionLimit": 7, "Console.changeLimit": 9 }), { "Console.changeLimit": 3 });

    expect([holds["Grid.revisionLimit"], holds["Console.changeLimit"], holds["Pages.rows"]]).toEqual([7, 3, DEFINITIONS["Pages.rows"].initial]);
  });

  it("of another kind are passed over, and of names that nobody knows", () => {
    expect(usable({ "Grid.leftToRight": "yes", "Grid.revisionLimit": "5", "Pages.theme": "pink", "Home.max_recent_builds": 3 })).toEqual({});
    expect(usable(null)).toEqual({});
    expect(usable([1])).toEqual({});
    expect(usable({ "Pages.rows": Number.NaN })).toEqual({});
  });

  it("keep within their limits", () => {
    expect(checked(DEFINITIONS["Grid.revisionLimit"], 1e9)).toBe(100);
    expect(checked(DEFINITIONS["Grid.revisionLimit"], 0)).toBe(1);
    expect(checked(DEFINITIONS["Grid.revisionLimit"], 2.6)).toBe(3);
    expect(checked(DEFINITIONS["Waterfall.scaling_waterfall"], 0.25)).toBe(0.25);
  });

  it("are not kept where they say what holds anyway", () => {
    const defaults = settled({ "Grid.revisionLimit": 7 });

    expect(chosenWith({}, defaults, "Grid.revisionLimit", 8)).toEqual({ "Grid.revisionLimit": 8 });
    expect(chosenWith({ "Grid.revisionLimit": 8 }, defaults, "Grid.revisionLimit", 7)).toEqual({});
    expect(chosenWith({ "Grid.revisionLimit": 8 }, defaults, "Grid.revisionLimit", "much")).toEqual({});
  });

  it("that were kept in another shape do no harm", () => {
    expect(read("{")).toEqual({});
    expect(read(null)).toEqual({});
    expect(read('{"Grid.leftToRight": true}')).toEqual({ "Grid.leftToRight": true });
  });

  it("begin with what they may be", () => {
    expect(NAMES.filter((name) => checked(DEFINITIONS[name], DEFINITIONS[name].initial) !== DEFINITIONS[name].initial)).toEqual([]);
  });
});
