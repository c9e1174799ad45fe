import { describe, expect, it } from "vitest";
import { goalsFor, numbered, type Goal } from "./goals";

const builder = (label: string, id: number): Goal => ({ label, kind: "builder", address: `/builders/${id}` });
const BUILDERS = [builder("app", 1), builder("app-clang", 2), builder("docs", 3), builder("python3.12", 4)];
const KINDS = { build: "build", request: "request", ofBuilder: (name: string, number: number) => `${name} #${number}` };
const addresses = (goals: readonly Goal[]): string[] => goals.map(({ address }) => address);

describe("a number", () => {
  it.each(["12", "#12", " #12 "])("alone is a build or a request: %s", (typed) => {
    expect(addresses(numbered(typed, BUILDERS, KINDS))).toEqual(["/builds/12", "/buildrequests/12"]);
  });

  it.each(["app 12", "app#12", "app #12", "app/12"])("behind a name is a build of that builder: %s", (typed) => {
    expect(numbered(typed, BUILDERS, KINDS)[0]).toEqual({ label: "app #12", kind: "build", address: "/builders/1/builds/12" });
  });

  it("behind some letters is of builders that have them", () => {
    expect(addresses(numbered("cla 7", BUILDERS, KINDS))).toEqual(["/builders/2/builds/7"]);
  });

  it.each(["", "app", "12 app", "nothing 3", "99999999999"])("is not in %j", (typed) => {
    expect(numbered(typed, BUILDERS, KINDS)).toEqual([]);
  });
});

describe("goals", () => {
  it("that have what was typed in their name come first", () => {
    expect(addresses(goalsFor("python3.12", BUILDERS, BUILDERS, KINDS))[0]).toBe("/builders/4");
    expect(addresses(goalsFor("app 12", BUILDERS, BUILDERS, KINDS))[0]).toBe("/builders/1/builds/12");
  });

  it("are all there is before anything was typed", () => {
    expect(goalsFor("", BUILDERS, BUILDERS, KINDS)).toEqual(BUILDERS);
  });
});
