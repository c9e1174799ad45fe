/** What a page says first about a build that did not end well: which step, and in which order its logs are asked why. */

import type { BuildPage, Log, NamedBuild, Step, StepWithLogs, Stop, TakenOver } from "../api/schema";
import { text } from "../text";
import { isBad } from "./results";
import { SURE, type Weights } from "./telling";

const RETRY = 5;
const CANCELLED = 6;

/** Whether the page has to say why a build ended as it did, before anything else. */
export function needsReason(results: number | null): boolean {
  return isBad(results) || results === RETRY || results === CANCELLED;
}

/**
 * The step that says why: the first one that has ended as the build has; else the first bad one. A build that runs may have
 * one, too. Undefined: no step has to do with it.
 */
export function causeOf(page: Pick<BuildPage, "build" | "steps">): StepWithLogs | undefined {
  const steps = (page.steps ?? []).filter(({ step }) => !step.hidden);
  const { results } = page.build;
  const alike = needsReason(results) ? steps.find(({ step }) => step.results === results) : undefined;
  return alike ?? steps.find(({ step }) => isBad(step.results));
}

/** A log to look into. */
export interface Witness extends Weights {
  readonly log: Log;
}

/** What names of logs say; the first ones are asked first. */
const KINDS: readonly (Weights & { readonly name: RegExp })[] = [
  { name: /^cancelled/, base: SURE, last: 0 },
  { name: /^err\.text$/, base: 0, last: SURE },
  { name: /^stdio$/, base: 0, last: 0 },
  { name: /^(?:problems|errors|stderr|RPM Errors)$/, base: SURE, last: 0 },
  { name: /^(?:warnings?|fatal)\b/, base: 40, last: 0 },
];
const ANY_OTHER: Weights = { base: 0, last: 0 };

/** The logs of a step that have something in them, those that say most first. */
export function witnesses(logs: readonly Log[] | null, most = 3): Witness[] {
  return (logs ?? [])
    .filter((log) => log.num_lines > 0 && log.type !== "d" && log.type !== "h")
    .map((log) => {
      const kind = KINDS.findIndex(({ name }) => name.test(log.name));
      const { base, last } = KINDS[kind] ?? ANY_OTHER;
      return { log, base, last, rank: kind < 0 ? KINDS.length : kind };
    })
    .sort((a, b) => a.rank - b.rank)
    .slice(0, most);
}

/** What people should know about the end of a command, by a line of its log: a name in `text.build.hints`. */
export function hintOf(line: string): "oom" | "segfault" | "notFound" | "notExecutable" | undefined {
  const code = /^(?:program finished with exit code|process killed by signal) (\d+)$/.exec(line);
  const isSignal = line.startsWith("process killed");
  switch (code?.[1]) {
    case isSignal ? "9" : "137":
      return "oom";
    case isSignal ? "11" : "139":
      return "segfault";
    case isSignal ? "" : "127":
      return "notFound";
    case isSignal ? "" : "126":
      return "notExecutable";
    default:
      return undefined;
  }
}

/** What is said in place of a line: where no log tells, or where the reason is none of a command's. */
export function saidOf(page: Pick<BuildPage, "build" | "triggered">, cause: StepWithLogs | undefined): string | null {
  const { build } = page;
  if (build.results === RETRY || build.results === CANCELLED || !cause) return build.state_string;
  if (witnesses(cause.logs).length || badOf(page.triggered).length) return null;
  return cause.step.state_string;
}

/** Of the builds that were triggered, those that have not ended well. */
export function badOf(triggered: BuildPage["triggered"]): NamedBuild[] {
  return (triggered ?? []).filter(({ build }) => needsReason(build.results));
}

/** Whether the reason of a build's end is that somebody has stopped it. */
export function wasStopped({ build, stop }: Pick<BuildPage, "build" | "stop">): boolean {
  return build.results === CANCELLED && stop !== null;
}

/** Who has stopped something, in words without a full stop. */
export function stoppedBy({ by, by_kind }: Pick<Stop, "by" | "by_kind">): string {
  const { stopped } = text.build;
  switch (by_kind) {
    case "anonymous":
    case "parent":
    case "build":
      return stopped[by_kind];
    case "master":
      return by === null ? stopped.master : stopped.by(by);
    default:
      return by === null ? stopped.unknown : stopped.by(by);
  }
}

/** What a step has taken over. */
export function takenBy(step: Step, taken: BuildPage["taken_over"]): TakenOver[] {
  return (taken ?? []).filter(({ step_number }) => step_number === step.number);
}

/** Whether a build has a part that need not be built again. */
export function hasFailedPart({ build, could_take_over }: Pick<BuildPage, "build" | "could_take_over">): boolean {
  return build.complete && !!could_take_over;
}

/** The builds that a step has triggered: its links name their requests. */
export function triggeredBy(step: Step, triggered: BuildPage["triggered"]): NamedBuild[] {
  const urls = Array.isArray(step.urls) ? (step.urls as { url: string }[]) : [];
  const requests = new Set(urls.map(({ url }) => /#\/buildrequests\/(\d+)$/.exec(url)?.[1]));
  return (triggered ?? []).filter(({ build }) => requests.has(String(build.buildrequestid)));
}
