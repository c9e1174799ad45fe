/** A schedule while somebody writes it: the draft behind the form, and the document of the orchestration API that it is. */

import type { ScheduleResource } from "../api/schema";

type Document = Readonly<Record<string, unknown>>;

/** What an event is of; the member of the document that names it. */
export const SUBJECTS: Readonly<Record<string, "datasetRid" | "scheduleRid">> = {
  datasetUpdated: "datasetRid",
  jobSucceeded: "datasetRid",
  newLogic: "datasetRid",
  scheduleSucceeded: "scheduleRid",
  scheduleFailed: "scheduleRid",
};
/** Kinds of a leaf, in the order in which they are offered. */
export const KINDS = ["time", ...Object.keys(SUBJECTS)] as const;

/** A trigger: a group of others, or a leaf with the members of its document. */
export interface Node {
  readonly id: number;
  readonly type: string;
  /** Of a leaf; what is not known here is passed on as it came. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Of a group. */
  readonly children?: readonly Node[];
}

export interface Draft {
  readonly name: string;
  readonly description: string;
  readonly kind: "manual" | "upstream" | "connecting";
  readonly targets: readonly string[];
  readonly inputs: readonly string[];
  readonly ignored: readonly string[];
  readonly branch: string;
  readonly fallbacks: readonly string[];
  readonly force: boolean;
  readonly abort: boolean;
  readonly notify: boolean;
  readonly retries: string;
  readonly backoff: string;
  readonly backoffUnit: string;
  readonly scope: "user" | "project";
  readonly projects: readonly string[];
  /** Always a group; one without children is run by hand only. */
  readonly trigger: Node;
}

export const UNITS = ["SECONDS", "MINUTES", "HOURS", "DAYS"] as const;

let lastId = 0;
const newId = (): number => ++lastId;

export const isGroup = (node: Node): boolean => node.children !== undefined;

/** A leaf or a group that nobody has filled in. */
export function newNode(type: string, { branch, zone }: { branch: string; zone: string }): Node {
  if (type === "and" || type === "or") return { id: newId(), type, fields: {}, children: [] };
  return { id: newId(), type, fields: fieldsOf(type, {}, { branch, zone }) };
}

/** The members of a leaf of another kind; what both have is kept. */
export function fieldsOf(type: string, before: Document, { branch, zone }: { branch: string; zone: string }): Document {
  if (type === "time") return { cronExpression: before["cronExpression"] ?? "0 2 * * *", timeZone: before["timeZone"] ?? zone };
  const subject = SUBJECTS[type];
  if (subject === "scheduleRid") return { scheduleRid: before["scheduleRid"] ?? "" };
  return subject === undefined ? {} : { datasetRid: before["datasetRid"] ?? "", branchName: before["branchName"] ?? branch };
}

export function emptyDraft(branch: string, targets: readonly string[] = []): Draft {
  return {
    name: "", description: "", kind: "upstream", targets, inputs: [], ignored: [], branch, fallbacks: [], force: false, abort: false, notify: false,
    retries: "0", backoff: "0", backoffUnit: "SECONDS", scope: "user", projects: [], trigger: { id: newId(), type: "or", fields: {}, children: [] },
  }; // prettier-ignore
}

/** What a schedule is now. */
export function draftOf(schedule: ScheduleResource): Draft {
  const action = schedule.action as Document;
  const target = (action["target"] ?? {}) as Document;
  const backoff = (action["retryBackoffDuration"] ?? {}) as Document;
  const scope = schedule.scope as Document;
  const trigger = nodeOf(schedule.trigger as Document);
  return {
    name: schedule.name ?? "",
    description: schedule.description ?? "",
    kind: (text(target["type"]) || "manual") as Draft["kind"],
    targets: texts(target["targetRids"]),
    inputs: texts(target["inputRids"]),
    ignored: texts(target["ignoredRids"]),
    branch: text(action["branchName"]),
    fallbacks: texts(action["fallbackBranches"]),
    force: action["forceBuild"] === true,
    abort: action["abortOnFailure"] === true,
    notify: action["notificationsEnabled"] === true,
    retries: String(action["retryCount"] ?? 0),
    backoff: String(backoff["value"] ?? 0),
    backoffUnit: text(backoff["unit"]) || "SECONDS",
    scope: scope["type"] === "project" ? "project" : "user",
    projects: texts(scope["projectRids"]),
    trigger: isGroup(trigger) ? trigger : { id: newId(), type: "or", fields: {}, children: trigger.type === "manual" ? [] : [trigger] },
  };
}

function nodeOf({ type, triggers, ...fields }: Document): Node {
  const kind = text(type);
  if (kind === "and" || kind === "or") return { id: newId(), type: kind, fields: {}, children: Array.isArray(triggers) ? triggers.map((one) => nodeOf(one as Document)) : [] };
  return { id: newId(), type: kind, fields };
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");
const texts = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);
const whole = (value: string): number | string => (/^\d{1,15}$/.test(value.trim()) ? Number(value) : value);

/** The request that the draft is; also of one that is half written, so that the master can say what is missing. */
export function documentOf(draft: Draft): Record<string, unknown> {
  const retries = whole(draft.retries || "0");
  return {
    displayName: draft.name.trim() || null,
    description: draft.description.trim() || null,
    trigger: triggerOf(draft.trigger),
    action: {
      target: targetOf(draft),
      ...(draft.branch.trim() ? { branchName: draft.branch.trim() } : {}),
      fallbackBranches: draft.fallbacks,
      forceBuild: draft.force,
      abortOnFailure: draft.abort,
      notificationsEnabled: draft.notify,
      retryCount: retries,
      ...(retries === 0 || whole(draft.backoff || "0") === 0 ? {} : { retryBackoffDuration: { value: whole(draft.backoff || "0"), unit: draft.backoffUnit } }),
    },
    scopeMode: draft.scope === "project" ? { type: "project", projectRids: draft.projects } : { type: "user" },
  };
}

/** What the draft builds, as both schedules and plans take it. */
export function targetOf({ kind, targets, inputs, ignored }: Draft): Record<string, unknown> {
  if (kind === "manual") return { type: kind, targetRids: targets };
  return { type: kind, targetRids: targets, ignoredRids: ignored, ...(kind === "connecting" ? { inputRids: inputs } : {}) };
}

function triggerOf(root: Node): Document {
  const children = root.children ?? [];
  if (children.length === 0) return { type: "manual" };
  const [only] = children;
  return children.length === 1 && only ? bare(only) : bare(root);
}

function bare({ type, fields, children }: Node): Document {
  return children === undefined ? { type, ...fields } : { type, triggers: children.map(bare) };
}

/** By id of a node: where the document that goes to the master has it. */
export function pathsOf(root: Node): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  const visit = (node: Node, path: string): void => {
    found.set(node.id, path);
    node.children?.forEach((child, index) => visit(child, `${path}.triggers.${index}`));
  };
  const children = root.children ?? [];
  visit(root, "trigger");
  if (children.length === 1 && children[0]) visit(children[0], "trigger");
  return found;
}

// -- changing the tree -------------------------------------------------------------------

/** The tree with something else in the place of a node; with null: without it. */
export function replaced(root: Node, id: number, change: (node: Node) => Node | null): Node {
  const visit = (node: Node): Node[] => {
    if (node.id === id) {
      const next = change(node);
      return next === null ? [] : [next];
    }
    return [node.children === undefined ? node : { ...node, children: node.children.flatMap(visit) }];
  };
  return visit(root)[0] ?? root;
}

/** The tree with one more node at the end of a group. */
export function added(root: Node, group: number, node: Node): Node {
  return replaced(root, group, (one) => ({ ...one, children: [...(one.children ?? []), node] }));
}

function parentOf(root: Node, id: number): Node | null {
  if (root.children?.some((child) => child.id === id)) return root;
  for (const child of root.children ?? []) {
    const found = parentOf(child, id);
    if (found) return found;
  }
  return null;
}

/** How a node can be moved: among its neighbours, into a group of its own or the one before it, out of its group. */
export type Move = "up" | "down" | "in" | "out";

/** The tree after a move; the same one where there is no room for it. */
export function moved(root: Node, id: number, move: Move): Node {
  const parent = parentOf(root, id);
  if (parent === null) return root;
  const children = parent.children ?? [];
  const at = children.findIndex((child) => child.id === id);
  const node = children[at];
  if (node === undefined) return root;
  const others = children.filter((child) => child.id !== id);
  if (move === "up" || move === "down") {
    const to = move === "up" ? at - 1 : at + 1;
    if (to < 0 || to >= children.length) return root;
    return replaced(root, parent.id, (one) => ({ ...one, children: [...others.slice(0, to), node, ...others.slice(to)] }));
  }
  if (move === "out") {
    const above = parentOf(root, parent.id);
    if (above === null) return root;
    const behind = (above.children ?? []).findIndex((child) => child.id === parent.id) + 1;
    const rest = others.length === 0 ? [] : [{ ...parent, children: others }];
    return replaced(root, above.id, (one) => {
      const all = one.children ?? [];
      return { ...one, children: [...all.slice(0, behind - 1), ...rest, node, ...all.slice(behind)] };
    });
  }
  const before = children[at - 1];
  if (before?.children !== undefined) {
    const into = { ...before, children: [...before.children, node] };
    return replaced(root, parent.id, (one) => ({ ...one, children: others.map((child) => (child.id === before.id ? into : child)) }));
  }
  // a group is of the other kind than the one around it: else it would mean nothing
  const group: Node = { id: newId(), type: parent.type === "or" ? "and" : "or", fields: {}, children: [node] };
  return replaced(root, id, () => group);
}

/** The nodes from the top down. */
export function flat(root: Node): Node[] {
  return [root, ...(root.children ?? []).flatMap(flat)];
}

/** The problem of a field, or of something inside of it. */
export function problemAt(problems: Readonly<Record<string, unknown>>, path: string): string | undefined {
  const exact = problems[path];
  if (typeof exact === "string") return exact;
  const inside = Object.entries(problems).find(([key]) => key.startsWith(`${path}.`));
  return inside === undefined ? undefined : String(inside[1]);
}
