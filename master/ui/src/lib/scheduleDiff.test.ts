import { expect, it } from "vitest";
import type { ScheduleVersionResource } from "../api/schema";
import { differences } from "./scheduleDiff";

const action = { target: { type: "manual", targetRids: ["ri.t"] }, branchName: "main", fallbackBranches: [], forceBuild: false };

function version(more: object): ScheduleVersionResource {
  return { rid: "v", schedule_rid: "s", created_at: 0, created_by: "u", trigger: { type: "manual" }, action, scope: { type: "user" }, ...more } as ScheduleVersionResource;
}

const nameOf = (rid: string): string => ({ "ri.t": "report", "ri.u": "clean" })[rid] ?? rid;

it("tells each field that has changed, by the names of things", () => {
  const time = { type: "time", cronExpression: "0 2 * * *", timeZone: "UTC" };
  const after = version({ trigger: time, action: { ...action, target: { type: "upstream", targetRids: ["ri.t", "ri.u"] }, forceBuild: true, retryCount: 3 } });

  expect(differences(version({}), after, nameOf)).toEqual([
    { what: "Trigger", was: "by hand only", is: "at 0 2 * * * (UTC)" },
    { what: "Targets", was: "report", is: "report, clean" },
    { what: "What of it", was: "exactly", is: "with all that it is made of" },
    { what: "Build by force", was: "no", is: "yes" },
    { what: "Retries", was: "0", is: "3" },
  ]);
});

it("says of what was not there before that there was nothing", () => {
  const after = version({ action: { ...action, fallbackBranches: ["dev"], retryBackoffDuration: { value: 5, unit: "MINUTES" } } });

  expect(differences(version({}), after, nameOf)).toEqual([
    { what: "Fallbacks", was: "nothing", is: "dev" },
    { what: "Wait before each", was: "nothing", is: "5 minutes" },
  ]);
  expect(differences(after, after, nameOf)).toEqual([]);
});
