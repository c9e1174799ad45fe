import { describe, expect, it } from "vitest";
import { waysOut } from "./ways";

const PAGES = ["/", "/builders", "/pending", "/graph", "/graph/schedules"].map((address) => ({ address, label: `page ${address}` }));
const WORDS = { builder: "Builder", number: (n: number) => `#${n}` };
const ways = (path: string) => waysOut(path, PAGES, WORDS).map(({ address }) => address);

describe("the ways out of an address that has nothing", () => {
  it("are the pages that it is below, the nearest first, and the overview", () => {
    expect(ways("/builders/app")).toEqual(["/builders", "/"]);
    expect(ways("/graph/schedules/x")).toEqual(["/graph/schedules", "/graph", "/"]);
    expect(ways("/no/such/page")).toEqual(["/"]);
    expect(ways("/builders")).toEqual(["/"]);
    expect(ways("")).toEqual(["/"]);
  });

  it("are the build and the builder, too", () => {
    expect(ways("/builders/app/builds/12")).toEqual(["/builders/app", "/builders", "/"]);
    expect(waysOut("/builders/a%2Fb/builds/12/steps/make/logs/stdio", PAGES, WORDS).slice(0, 2)).toEqual([
      { address: "/builders/a%2Fb/builds/12", label: "#12" },
      { address: "/builders/a%2Fb", label: "Builder a/b" },
    ]);
    expect(waysOut("/builders/50%/tests", PAGES, WORDS)[0]).toEqual({ address: "/builders/50%", label: "Builder 50%" });
  });

  it("lead to the list of what has it elsewhere", () => {
    expect(ways("/builds/12")).toEqual(["/builders", "/"]);
    expect(ways("/buildrequests/12")).toEqual(["/pending", "/"]);
  });
});
