/** What an edit of a schedule has changed. */

import type { ScheduleVersionResource } from "../api/schema";
import { text } from "../text";
import { triggerText } from "./schedules";

/** One field that two versions do not have in common, in words. */
export interface Difference {
  readonly what: string;
  readonly was: string;
  readonly is: string;
}

type Document = Readonly<Record<string, unknown>>;

/** @param nameOf what people call something with a RID */
export function differences(before: ScheduleVersionResource, after: ScheduleVersionResource, nameOf: (rid: string) => string): Difference[] {
  const one = facts(before, nameOf);
  const other = facts(after, nameOf);
  return Object.keys(other).flatMap((what) => {
    const was = one[what] ?? "";
    const is = other[what] ?? "";
    return was === is ? [] : [{ what, was: was || text.scheduleForm.nothing, is: is || text.scheduleForm.nothing }];
  });
}

function facts({ trigger, action, scope }: ScheduleVersionResource, nameOf: (rid: string) => string): Record<string, string> {
  const target = (action["target"] ?? {}) as Document;
  const backoff = (action["retryBackoffDuration"] ?? {}) as Document;
  const names = (value: unknown): string => (Array.isArray(value) ? value.map((rid) => nameOf(String(rid))).join(", ") : "");
  const told = (value: unknown): string => (typeof value === "string" || typeof value === "number" ? String(value) : "");
  const flag = (value: unknown): string => (value === true ? text.common.yes : text.common.no);
  const words = text.scheduleForm;
  return {
    [text.schedule.trigger]: triggerText(trigger, nameOf),
    [words.targets]: names(target["targetRids"]),
    [words.kind]: text.schedule.kinds[told(target["type"])] ?? "",
    [words.inputs]: names(target["inputRids"]),
    [words.ignored]: names(target["ignoredRids"]),
    [text.graph.branch]: told(action["branchName"]),
    [words.fallbacks]: Array.isArray(action["fallbackBranches"]) ? action["fallbackBranches"].join(", ") : "",
    [words.force]: flag(action["forceBuild"]),
    [words.abort]: flag(action["abortOnFailure"]),
    [words.notify]: flag(action["notificationsEnabled"]),
    [words.retries]: told(action["retryCount"] ?? 0),
    [words.backoff]: backoff["value"] === undefined ? "" : `${told(backoff["value"])} ${words.units[told(backoff["unit"])] ?? ""}`,
    [words.scope]: told(scope["type"]) === "project" ? names(scope["projectRids"]) : words.scopeUser,
  };
}
