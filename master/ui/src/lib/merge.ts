/** What an event changes in a document that is shown. A document that was not changed is returned as it was. */

import type { Build, BuildPage, FrontPage, GraphBuildResource, GraphRunPage, Log, Step, StepWithLogs } from "../api/schema";

export interface LiveEvent {
  /** The key, split: `["builds", "12", "finished"]`. */
  readonly key: readonly string[];
  readonly message: unknown;
}

/** The document with the event in it, or null: it has to be read again. */
export type Merge<T> = (document: T, event: LiveEvent) => T | null;

/** The page of a build: states, steps and logs as they come; read again when something ends that other parts depend on. */
export const mergeBuildPage: Merge<BuildPage> = (page, { key, message }) => {
  const name = key[key.length - 1];
  if (key[0] === "builds" && key[2] === "steps") return withStep(page, message as Step);
  if (key[0] === "builds" && key[2] === "properties") {
    return page.properties === null
      ? page
      : { ...page, properties: { ...page.properties, ...(message as NonNullable<BuildPage["properties"]>) } };
  }
  if (key[0] === "builds" && key.length === 3) {
    const build = message as Build;
    if (build.buildid !== page.build.buildid) return page;
    return name === "finished" ? null : { ...page, build: { ...build, properties: page.build.properties } };
  }
  if (key[0] === "logs" || key[0] === "steps") return withLog(page, message as Log);
  return null;
};

function withStep(page: BuildPage, step: Step): BuildPage {
  if (page.steps === null || step.buildid !== page.build.buildid) return page;
  const at = page.steps.findIndex((one) => one.step.stepid === step.stepid);
  const before = page.steps[at];
  if (!before) return { ...page, steps: [...page.steps, { step, logs: [] }].sort((a, b) => a.step.number - b.step.number) };
  // events come in order, but what was read may be newer than those that were sent meanwhile
  if (before.step.complete && !step.complete) return page;
  return { ...page, steps: page.steps.with(at, { ...before, step }) };
}

function withLog(page: BuildPage, log: Log): BuildPage {
  if (page.steps === null) return page;
  const at = page.steps.findIndex((one) => one.step.stepid === log.stepid);
  const owner = page.steps[at];
  if (!owner?.logs) return page;
  return { ...page, steps: page.steps.with(at, { ...owner, logs: logsWith(owner, log) }) };
}

function logsWith(owner: StepWithLogs, log: Log): Log[] {
  const logs = owner.logs ?? [];
  const at = logs.findIndex((one) => one.logid === log.logid);
  const before = logs[at];
  if (!before) return [...logs, log];
  if (before.complete || before.num_lines > log.num_lines) return logs;
  return logs.with(at, log);
}

/** The front page: what running builds say; anything else is read again. */
export const mergeFrontPage: Merge<FrontPage> = (page, { key, message }) => {
  if (key[0] !== "builds" || key[2] !== "update" || page.running === null) return null;
  const build = message as Build;
  const at = page.running.findIndex((one) => one.build.buildid === build.buildid);
  const before = page.running[at];
  return before ? { ...page, running: page.running.with(at, { ...before, build }) } : page;
};

/** A log: how long it is by now. */
export const mergeLog: Merge<Log> = (log, { message }) => {
  const told = message as Log;
  if (told.logid !== log.logid || log.complete || told.num_lines < log.num_lines) return log;
  return told;
};

/** The page of a run of a graph: how far it is; attempts and versions of jobs are read again. */
export const mergeRunPage: Merge<GraphRunPage> = (page, { key, message }) => {
  if (key.length !== 3) return null;
  const run = message as GraphBuildResource;
  return run.rid === page.run.rid && (page.run.finished_at_ms === null || run.finished_at_ms !== null) ? { ...page, run } : page;
};
