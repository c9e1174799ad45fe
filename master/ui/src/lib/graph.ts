/** What pages of job graphs say and how it looks. */

import type { GraphRunJob, GraphRunPage, TargetState } from "../api/schema";
import { text } from "../text";
import type { Look } from "./results";

const LOOKS: Readonly<Record<string, Look>> = {
  WAITING: "waiting", RUNNING: "running", SUCCEEDED: "success", FAILED: "failure", CANCELED: "cancelled", DID_NOT_RUN: "skipped",
};

/** How the status of a run or of a job looks. */
export function lookOfStatus(status: string): Look {
  return LOOKS[status] ?? "exception";
}

/** What the status of a run or of a job is called. */
export function nameOfStatus(status: string): string {
  return text.run.status[status] ?? status;
}

/** How a target is: whether it is up to date, as a look and a word. */
export function stateOf(target: TargetState): { look: Look; label: string } {
  if (target.stale === true) return { look: "warnings", label: text.graph.stale };
  if (target.stale === false) return { look: "success", label: text.graph.fresh };
  return target.builder === null ? { look: "skipped", label: text.graph.outside } : { look: "exception", label: text.graph.unmade };
}

/** The beginning of the last part of a RID: what tells it from others for a reader. */
export function shortRid(rid: string): string {
  return rid.slice(rid.lastIndexOf(".") + 1).slice(0, 8);
}

const RID = /\bri\.[\w-]+\.[\w-]*\.[\w-]+\.[\w-]+/g;

/** A text with something shorter in the place of RIDs. */
export function withoutRids(told: string, nameOf: (rid: string) => string = shortRid): string {
  return told.replace(RID, nameOf);
}

/** A branch as addresses of pages have it; the default branch is left out. */
export interface Branch {
  readonly branch?: string;
  /** The default branch: where is looked for what the other one has not. */
  readonly base?: string;
}

/** The branch that a page of job graphs shows. */
export function branchOf({ branch, branches }: { branch: string; branches: readonly string[] }): Branch {
  const [base] = branches;
  return base === undefined || branch === base ? {} : { branch, base };
}

/** What a run is asked for with. */
export function requestOf(target: object, { branch, base }: Branch, more: object = {}): object {
  return { target, ...(branch === undefined ? {} : { branch, fallbacks: base === undefined ? [] : [base] }), ...more };
}

/** What asks for the same as a run, without force: what is fresh by now is left as it is. */
export function requestAgain({ run, target }: Pick<GraphRunPage, "run" | "target">): object | null {
  if (target === null || run.status !== "FAILED") return null;
  const { branch, fallbacks, retry_count, retry_backoff_ms, abort_on_failure, notifications } = run;
  return { target, branch, fallbacks, retry_count, retry_backoff_ms, abort_on_failure, notifications };
}

/** What people call a job: what it writes. */
export function nameOfJob({ outputs, builder }: GraphRunJob): string {
  return outputs.map(({ target }) => target).join(", ") || builder;
}

/** A name that fits into so many letters: its middle is left out. */
export function shortened(name: string, most: number): string {
  if (name.length <= most) return name;
  const end = Math.floor((most - 1) / 2);
  return `${name.slice(0, most - 1 - end)}…${name.slice(name.length - end)}`;
}
