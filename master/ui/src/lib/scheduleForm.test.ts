import { describe, expect, it } from "vitest";
import type { ScheduleResource } from "../api/schema";
import { added, documentOf, draftOf, emptyDraft, flat, moved, newNode, pathsOf, problemAt, replaced, type Node } from "./scheduleForm";

const HOW = { branch: "main", zone: "UTC" };
const time = { type: "time", cronExpression: "0 2 * * *", timeZone: "UTC" };
const event = { type: "datasetUpdated", datasetRid: "ri.a.b.dataset.raw", branchName: "main" };

function schedule(trigger: object): ScheduleResource {
  const action = {
    target: { type: "connecting", inputRids: ["i"], targetRids: ["t"], ignoredRids: ["x"] }, branchName: "dev", fallbackBranches: ["main"], forceBuild: true,
    abortOnFailure: false, notificationsEnabled: true, retryCount: 2, retryBackoffDuration: { value: 5, unit: "MINUTES" },
  }; // prettier-ignore
  return { name: "nightly", description: "all of it", action, trigger, scope: { type: "project", projectRids: ["p"] } } as unknown as ScheduleResource;
}

const types = (root: Node): string => (root.children === undefined ? root.type : `${root.type}(${root.children.map(types).join(" ")})`);

describe("a draft", () => {
  it("becomes the document that it was made of", () => {
    const trigger = { type: "and", triggers: [time, { type: "or", triggers: [event, { type: "scheduleFailed", scheduleRid: "s" }] }] };
    const one = schedule(trigger);

    expect(documentOf(draftOf(one))).toEqual({ displayName: "nightly", description: "all of it", trigger, action: one.action, scopeMode: one.scope });
  });

  it("keeps what it does not know", () => {
    const trigger = { type: "or", triggers: [{ type: "tableUpdated", tableRid: "ri.t", branchName: "b" }, { type: "manual" }] };

    expect(documentOf(draftOf(schedule(trigger)))["trigger"]).toEqual(trigger);
  });

  it("is run by hand without a trigger, and needs no group around one", () => {
    const draft = emptyDraft("main", ["t"]);
    const one = added(draft.trigger, draft.trigger.id, newNode("time", HOW));

    expect(documentOf(draft)["trigger"]).toEqual({ type: "manual" });
    expect(documentOf(draftOf(schedule({ type: "manual" })))["trigger"]).toEqual({ type: "manual" });
    expect(documentOf({ ...draft, trigger: one })["trigger"]).toEqual(time);
    expect(documentOf(draft)["action"]).toMatchObject({ target: { type: "upstream", targetRids: ["t"], ignoredRids: [] }, branchName: "main", retryCount: 0 });
  });

  it("passes on what is no number, so that the master can say so", () => {
    expect(documentOf({ ...emptyDraft("main"), retries: "many" })["action"]).toMatchObject({ retryCount: "many" });
  });
});

describe("the tree", () => {
  const root = draftOf(schedule({ type: "or", triggers: [time, event, { type: "and", triggers: [time] }] })).trigger;
  const [first, second, group] = root.children as [Node, Node, Node];

  it("moves nodes among their neighbours", () => {
    expect(types(moved(root, second.id, "up"))).toBe("or(datasetUpdated time and(time))");
    expect(types(moved(root, first.id, "down"))).toBe("or(datasetUpdated time and(time))");
    expect(moved(root, first.id, "up")).toBe(root);
    expect(moved(root, group.id, "down")).toBe(root);
    expect(moved(root, root.id, "up")).toBe(root);
  });

  it("nests them, into a group of the other kind or the one before", () => {
    const alone = moved(root, second.id, "in");

    expect(types(alone)).toBe("or(time and(datasetUpdated) and(time))");
    expect(types(moved(alone, group.id, "in"))).toBe("or(time and(datasetUpdated and(time)))");
  });

  it("takes them out again, behind their group, which goes when it is empty", () => {
    const inner = group.children?.[0] as Node;
    const both = added(root, group.id, newNode("newLogic", HOW));

    expect(types(moved(root, inner.id, "out"))).toBe("or(time datasetUpdated time)");
    expect(types(moved(both, inner.id, "out"))).toBe("or(time datasetUpdated and(newLogic) time)");
    expect(moved(root, first.id, "out")).toBe(root);
  });

  it("removes nodes, but not itself", () => {
    expect(types(replaced(root, group.id, () => null))).toBe("or(time datasetUpdated)");
    expect(replaced(root, root.id, () => null)).toBe(root);
    expect(flat(root)).toHaveLength(5);
  });

  it("knows where the document has each node", () => {
    const paths = pathsOf(root);
    const inner = group.children?.[0] as Node;

    expect(paths.get(second.id)).toBe("trigger.triggers.1");
    expect(paths.get(inner.id)).toBe("trigger.triggers.2.triggers.0");
    const alone = draftOf(schedule(time)).trigger;
    expect(pathsOf(alone).get(alone.children?.[0]?.id ?? 0)).toBe("trigger");
  });
});

it("finds the problem of a field, or of something inside of it", () => {
  const problems = { "action.target.targetRids": "none", "action.retryCount": "bad" };

  expect(problemAt(problems, "action.retryCount")).toBe("bad");
  expect(problemAt(problems, "action.target")).toBe("none");
  expect(problemAt(problems, "action.ta")).toBeUndefined();
});
