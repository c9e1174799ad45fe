import { describe, expect, it } from "vitest";
import type { Build, Log, NamedBuild, Step, StepWithLogs, Stop, TakenOver } from "../api/schema";
import { badOf, causeOf, hasFailedPart, hintOf, saidOf, stoppedBy, takenBy, triggeredBy, wasStopped, witnesses } from "./cause";

const SUCCESS = 0;
const FAILURE = 2;
const EXCEPTION = 4;
const RETRY = 5;
const CANCELLED = 6;

const build = (results: number | null, more: Partial<Build> = {}): Build => ({ buildid: 1, results, state_string: "the build's text", ...more }) as Build;
const log = (name: string, more: Partial<Log> = {}): Log => ({ name, num_lines: 1, type: "s", ...more }) as Log;
const step = (name: string, results: number | null, more: Partial<Step> = {}, logs: Log[] = []): StepWithLogs => ({
  step: { name, results, hidden: false, urls: [], state_string: `${name}'s text`, ...more } as Step,
  logs,
});
const child = (results: number | null, buildrequestid = 7): NamedBuild => ({ build: build(results, { buildrequestid }), builder: "docs" });

describe("the step that says why", () => {
  it("is the first that has ended as the build has", () => {
    const steps = [step("lint", FAILURE), step("pack", EXCEPTION)];
    expect(causeOf({ build: build(EXCEPTION), steps })?.step.name).toBe("pack");
    expect(causeOf({ build: build(FAILURE), steps })?.step.name).toBe("lint");
  });

  it("may be there before the build has ended", () => {
    expect(causeOf({ build: build(null), steps: [step("a", SUCCESS), step("b", FAILURE), step("c", null)] })?.step.name).toBe("b");
  });

  it("is not hidden, and may be missing", () => {
    expect(causeOf({ build: build(FAILURE), steps: [step("a", FAILURE, { hidden: true })] })).toBeUndefined();
    expect(causeOf({ build: build(RETRY), steps: null })).toBeUndefined();
  });
});

describe("the logs that are asked", () => {
  it("come with what says most first", () => {
    const names = witnesses([log("config.log"), log("stdio"), log("problems"), log("err.text")]).map((one) => one.log.name);
    expect(names).toEqual(["err.text", "stdio", "problems"]);
  });

  it("have something in them", () => {
    expect(witnesses([log("stdio", { num_lines: 0 }), log("err.html", { type: "h" }), log("old", { type: "d" })])).toEqual([]);
    expect(witnesses(null)).toEqual([]);
  });
});

describe("what is said in place of a line", () => {
  const failed = step("a", FAILURE, {}, [log("stdio")]);

  it("is nothing where a log says it", () => {
    expect(saidOf({ build: build(FAILURE), triggered: [] }, failed)).toBeNull();
  });

  it("is the build's text where no command is the reason", () => {
    expect(saidOf({ build: build(RETRY), triggered: [] }, failed)).toBe("the build's text");
    expect(saidOf({ build: build(CANCELLED), triggered: [] }, failed)).toBe("the build's text");
    expect(saidOf({ build: build(EXCEPTION), triggered: [] }, undefined)).toBe("the build's text");
  });

  it("is the step's text where it has no logs, and nothing it triggered went wrong", () => {
    expect(saidOf({ build: build(FAILURE), triggered: [child(SUCCESS)] }, step("a", FAILURE))).toBe("a's text");
    expect(saidOf({ build: build(FAILURE), triggered: [child(FAILURE)] }, step("a", FAILURE))).toBeNull();
  });
});

it("triggered builds belong to the step whose links name their requests", () => {
  const { step: trigger } = step("t", SUCCESS, { urls: [{ name: "docs #7", url: "http://localhost/#/buildrequests/7" }] });
  expect(triggeredBy(trigger, [child(SUCCESS, 7), child(SUCCESS, 8)])).toEqual([child(SUCCESS, 7)]);
  expect(badOf([child(SUCCESS), child(FAILURE), child(null)])).toEqual([child(FAILURE)]);
});

it.each([
  ["program finished with exit code 137", "oom"],
  ["process killed by signal 9", "oom"],
  ["process killed by signal 11", "segfault"],
  ["program finished with exit code 127", "notFound"],
  ["program finished with exit code 126", "notExecutable"],
  ["program finished with exit code 1", undefined],
  ["process killed by signal 15", undefined],
])("what people should know of '%s'", (line, hint) => {
  expect(hintOf(line)).toBe(hint);
});

it("builds that were taken over belong to the step of that number", () => {
  const { step: trigger } = step("t", SUCCESS, { number: 2 });
  const taken = (step_number: number): TakenOver => ({ ...child(SUCCESS), step_number, taken_from: null });
  expect(takenBy(trigger, [taken(2), taken(3)])).toEqual([taken(2)]);
  expect(takenBy(trigger, null)).toEqual([]);
});

it.each([
  [true, 2, true],
  [true, 0, false],
  [true, null, false],
  [false, 2, false],
])("a build has a failed part when it has ended (%s) and %s could be taken over", (complete, could_take_over, expected) => {
  expect(hasFailedPart({ build: build(FAILURE, { complete }), could_take_over })).toBe(expected);
});

describe("who has stopped it", () => {
  const stop: Stop = { buildid: 1, buildrequestid: 2, by: null, by_kind: null, reason: "", stopped_at: 3 };

  it.each([
    ["ada", "user", "Stopped by ada"],
    ["old builds", "service", "Stopped by old builds"],
    [null, "anonymous", "Stopped by somebody who was not signed in"],
    [null, "parent", "Stopped with the build that had triggered it"],
    [null, "build", "Stopped by its own steps"],
    [null, "master", "Stopped by the master"],
    ["the job graph", "master", "Stopped by the job graph"],
    ["ada", null, "Stopped by ada"],
    [null, null, "Stopped"],
    [null, "something new", "Stopped"],
  ])("is told of %s (%s)", (by, by_kind, told) => {
    expect(stoppedBy({ by, by_kind })).toBe(told);
  });

  it("is the reason of a cancelled build's end, and of no other one's", () => {
    expect(wasStopped({ build: build(CANCELLED), stop })).toBe(true);
    expect(wasStopped({ build: build(FAILURE), stop })).toBe(false);
    expect(wasStopped({ build: build(CANCELLED), stop: null })).toBe(false);
  });
});
