/** The pages that a reader has been to last, kept in the browser. */

import type { Goal } from "./goals";

const KEY = "buildmill-recent";
const MOST = 6;
/** What has a page of its own; lists are in the menu anyway. */
const WORTH = /^\/(?:builders|workers|schedulers|changes|projects|buildrequests|graph\/(?:runs|targets|schedules)|staging\/apps)\/[^/?]+/;

/** Whether an address is worth remembering. */
export function isWorth(address: string): boolean {
  return WORTH.test(address) && !address.includes("/logs/");
}

/** With one more in front; the same address is there once. */
export function withRecent(before: readonly Goal[], goal: Goal): Goal[] {
  return [goal, ...before.filter(({ address }) => address !== goal.address)].slice(0, MOST);
}

/** Those that are kept, the last one first. */
export function recentGoals(): Goal[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(kept) ? kept.filter(isGoal) : [];
  } catch {
    return []; // the browser keeps nothing for this place, or somebody else has written there
  }
}

export function remember(goal: Goal): void {
  if (!isWorth(goal.address)) return;
  try {
    localStorage.setItem(KEY, JSON.stringify(withRecent(recentGoals(), goal)));
  } catch {
    // then it is not remembered
  }
}

function isGoal(kept: unknown): kept is Goal {
  if (typeof kept !== "object" || kept === null) return false;
  const { label, kind, address } = kept as Record<string, unknown>;
  return typeof label === "string" && typeof kind === "string" && typeof address === "string" && isWorth(address);
}
