import { describe, expect, it } from "vitest";
import { actionText, triggerText } from "./schedules";

const nameOf = (rid: string): string => rid.replace("ri.", "");

describe("triggerText", () => {
  it("tells times and events", () => {
    expect(triggerText({ type: "time", cronExpression: "0 2 * * *", timeZone: "Europe/Berlin" }, nameOf)).toBe("at 0 2 * * * (Europe/Berlin)");
    expect(triggerText({ type: "datasetUpdated", datasetRid: "ri.raw", branchName: "main" }, nameOf)).toBe("new version of raw on main");
    expect(triggerText({ type: "scheduleFailed", scheduleRid: "ri.other" }, nameOf)).toBe("schedule other fails");
  });

  it("keeps together what belongs together", () => {
    const event = { type: "jobSucceeded", datasetRid: "ri.a", branchName: "m" };
    const time = { type: "time", cronExpression: "* * * * *", timeZone: "UTC" };

    expect(triggerText({ type: "or", triggers: [time, { type: "and", triggers: [event, time] }] }, nameOf)).toBe(
      "at * * * * * (UTC) or (job of a on m succeeds and at * * * * * (UTC))",
    );
  });

  it("says by hand where there is none, and the name of what it does not know", () => {
    expect(triggerText({ type: "manual" }, nameOf)).toBe("by hand only");
    expect(triggerText(null, nameOf)).toBe("by hand only");
    expect(triggerText({ type: "eclipse" }, nameOf)).toBe("eclipse");
  });
});

describe("actionText", () => {
  it("tells targets, branches and options", () => {
    const action = { target: { type: "upstream", targetRids: ["ri.a", "ri.b"] }, branchName: "x", fallbackBranches: ["main"], forceBuild: true, retryCount: 2 };

    expect(actionText(action, nameOf)).toEqual({ targets: ["a", "b"], how: "with all that it is made of", branch: "on x, then main", options: ["by force", "2 retries"] });
  });
});
