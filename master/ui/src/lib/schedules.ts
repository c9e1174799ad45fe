/** Triggers and actions of schedules in words; documents are those of the orchestration API. */

import { text } from "../text";

type Document = Readonly<Record<string, unknown>>;

const SUBJECTS = ["datasetRid", "tableRid", "mediaSetRid", "scheduleRid"] as const;

const told = (value: unknown): string => (typeof value === "string" ? value : "");

/** @param nameOf what people call something with a RID */
export function triggerText(trigger: unknown, nameOf: (rid: string) => string, isInside = false): string {
  const document = (typeof trigger === "object" && trigger !== null ? trigger : {}) as Document;
  const type = told(document["type"]);
  if (type === "time") return text.schedule.time(told(document["cronExpression"]), told(document["timeZone"]));
  if (type === "manual" || type === "") return text.schedule.manually;
  if (type === "and" || type === "or") {
    const parts = Array.isArray(document["triggers"]) ? document["triggers"] : [];
    const joined = parts.map((part) => triggerText(part, nameOf, true)).join(` ${text.schedule[type]} `);
    return isInside && parts.length > 1 ? `(${joined})` : joined;
  }
  const subject = SUBJECTS.map((name) => told(document[name])).find((rid) => rid !== "") ?? "";
  return text.schedule.event[type]?.(nameOf(subject), told(document["branchName"])) ?? type;
}

/** What a schedule builds, and how. */
export interface ActionText {
  readonly targets: readonly string[];
  readonly how: string;
  readonly branch: string;
  readonly options: readonly string[];
}

/** @param nameOf what people call a target */
export function actionText(action: Document, nameOf: (rid: string) => string): ActionText {
  const target = (action["target"] ?? {}) as Document;
  const names = (value: unknown): string[] => (Array.isArray(value) ? value.map((rid) => nameOf(String(rid))) : []);
  const retries = Number(action["retryCount"] ?? 0);
  return {
    targets: [...names(target["inputRids"]), ...names(target["targetRids"])],
    how: text.schedule.kinds[told(target["type"])] ?? "",
    branch: text.schedule.onBranch(told(action["branchName"]), names(action["fallbackBranches"]).join(", ")),
    options: [
      ...(action["forceBuild"] ? [text.run.forced] : []),
      ...(action["abortOnFailure"] ? [text.run.aborts] : []),
      ...(retries > 0 ? [text.run.retries(retries)] : []),
    ],
  };
}
