import { beforeEach, describe, expect, it, vi } from "vitest";
import { isWorth, recentGoals, remember, withRecent } from "./recent";

const goal = (address: string) => ({ label: address.slice(1), kind: "", address });

describe("recent pages", () => {
  const kept = new Map<string, string>();
  beforeEach(() => {
    kept.clear();
    vi.stubGlobal("localStorage", { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => kept.set(key, value) });
  });

  it.each(["/builders/1", "/builders/app/builds/3", "/workers/2", "/graph/runs/ri.x"])("are those with something of their own: %s", (address) => {
    expect(isWorth(address)).toBe(true);
  });

  it.each(["/", "/builders", "/builders?tags=x", "/settings", "/builders/1/builds/2/steps/3/logs/stdio", "https://elsewhere/builders/1"])("are not: %s", (address) => {
    expect(isWorth(address)).toBe(false);
  });

  it("are there once each, the last one first, and not too many", () => {
    const many = Array.from({ length: 9 }, (_, i) => `/workers/${i}`).reduce<ReturnType<typeof goal>[]>((before, address) => withRecent(before, goal(address)), []);
    expect(withRecent(many, goal("/workers/5")).map(({ address }) => address)).toEqual(["/workers/5", "/workers/8", "/workers/7", "/workers/6", "/workers/4", "/workers/3"]);
  });

  it("are kept, and rubbish is not believed", () => {
    remember(goal("/builders/1"));
    remember(goal("/about"));
    expect(recentGoals()).toEqual([goal("/builders/1")]);
    kept.set("buildmill-recent", '[{"label": 1}, null, {"label": "x", "kind": "", "address": "javascript:alert(1)"}]');
    expect(recentGoals()).toEqual([]);
    kept.set("buildmill-recent", "{");
    expect(recentGoals()).toEqual([]);
  });
});
