/** Tests over builds. */

import type { TestLine } from "../api/schema";
import type { Look } from "./results";

const LOOKS: Readonly<Record<string, Look>> = { p: "success", f: "failure", b: "warnings" };

/** How the outcome of a test in a build looks; undefined where the build has not run it. */
export function lookOfOutcome(letter: string): Look | undefined {
  return LOOKS[letter];
}

/** Those with some letters in their names or paths, in any case. */
export function matching(tests: readonly TestLine[], words: string): readonly TestLine[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  if (wanted.length === 0) return tests;
  return tests.filter(({ name, path }) => {
    const whole = `${name} ${path ?? ""}`.toLowerCase();
    return wanted.every((word) => whole.includes(word));
  });
}

/** Nanoseconds, as people say them. */
export function formatNanoseconds(duration: number): string {
  const ms = duration / 1e6;
  if (ms < 1) return "< 1 ms";
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  return ms < 60_000 ? `${(ms / 1_000).toFixed(1)} s` : `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1_000)} s`;
}

/** Whether a result tells of a failure; undefined where its kind says nothing about that. */
export function hasFailed(category: string, value: string): boolean | undefined {
  if (category === "pass_fail") return !/^[+-]*\d+$/.test(value) || Number(value.replace(/^[+-]+/, "")) === 0;
  if (category === "fail_only" || category === "code_issue") return true;
  return category === "pass_only" ? false : undefined;
}
