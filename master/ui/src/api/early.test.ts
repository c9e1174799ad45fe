import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { askEarly, firstOf, takeEarly } from "./early";
import { live } from "./live";

describe("what a page shows first", () => {
  it.each([
    ["", "pages/front"],
    ["#/", "pages/front"],
    ["#/builders?tags=linux", "pages/builders"],
    ["#/builders/7?branch=main", "pages/builders/7"],
    ["#/builders/7/builds/12#step-3", "pages/builders/7/builds/12"],
    ["#/builders/linux-gcc", undefined], // its number has to be asked for first
    ["#/builders/7/builds/12/steps/1/logs/stdio", undefined],
    ["#/nowhere", undefined],
  ])("%s", (hash, path) => {
    expect(firstOf(hash)).toBe(path);
  });
});

describe("asking early", () => {
  const fetched: string[] = [];
  beforeEach(() => {
    vi.useFakeTimers();
    fetched.length = 0;
    vi.stubGlobal("document", { baseURI: "https://ci.example.org/mill/#/builders" });
    vi.stubGlobal("location", { hash: "#/builders" });
    vi.stubGlobal("fetch", (address: string) => {
      fetched.push(address);
      return Promise.resolve(Response.json({ builders: [] }));
    });
    vi.spyOn(live, "ready", "get").mockReturnValue(Promise.resolve());
    live.told = { id: "e1", at: performance.now(), heard: 0 };
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  });

  it("has the answer for who asks first, once", async () => {
    await askEarly();
    expect(fetched).toEqual(["https://ci.example.org/mill/api/v2/pages/builders"]);

    expect(await takeEarly("pages/builders")).toEqual({ builders: [] });
    expect(takeEarly("pages/builders")).toBeUndefined();
    expect(takeEarly("pages/front")).toBeUndefined();
  });

  it("has none when something has been told since", async () => {
    await askEarly();

    vi.spyOn(live, "isPresent").mockReturnValue(false); // an event has come

    expect(takeEarly("pages/builders")).toBeUndefined();
  });

  it("keeps none that nobody takes", async () => {
    await askEarly();

    await vi.advanceTimersByTimeAsync(10_000);

    expect(takeEarly("pages/builders")).toBeUndefined();
  });

  it("asks for nothing without a connection: nobody could tell what happens meanwhile", async () => {
    live.told = null;

    await askEarly();

    expect(fetched).toEqual([]);
  });
});
