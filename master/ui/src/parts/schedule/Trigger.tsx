/** The trigger of a schedule as a tree of groups, times and events, which the keyboard can take apart and put together. */

import { useEffect, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import type { SchedulePreview, TimePreview } from "../../api/schema";
import { KINDS, SUBJECTS, added, fieldsOf, isGroup, moved, newNode, pathsOf, replaced, type Move, type Node } from "../../lib/scheduleForm";
import { triggerText } from "../../lib/schedules";
import { text } from "../../text";
import { Ago } from "../basics";
import { Field, Input } from "./fields";

/** What times and events can be of. */
export interface Choices {
  readonly branches: readonly string[];
  readonly targets: ReadonlyMap<string, string>;
  readonly schedules: ReadonlyMap<string, string>;
  readonly zones: readonly string[];
  /** What a new time or event begins with. */
  readonly branch: string;
  readonly zone: string;
}

interface EditorProps {
  readonly root: Node;
  readonly choices: Choices;
  readonly preview: SchedulePreview | undefined;
  readonly problems: Readonly<Record<string, unknown>>;
  readonly onChange: (root: Node) => void;
}

interface Tools extends Omit<EditorProps, "onChange"> {
  readonly paths: ReadonlyMap<number, string>;
  readonly change: (root: Node, focus?: number) => void;
}

const MOVES: Readonly<Record<string, Move>> = { ArrowUp: "up", ArrowDown: "down", ArrowRight: "in", ArrowLeft: "out" };

export function TriggerEditor({ root, choices, preview, problems, onChange }: EditorProps): ReactNode {
  const place = useRef<HTMLDivElement>(null);
  const [focus, setFocus] = useState<number | null>(null);
  useEffect(() => {
    if (focus === null) return;
    place.current?.querySelector<HTMLElement>(`[data-node="${focus}"] :is(select, button)`)?.focus();
    setFocus(null);
  }, [focus]);
  const tools: Tools = {
    root, choices, preview, problems,
    paths: pathsOf(root),
    change: (next, where) => {
      onChange(next);
      if (where !== undefined) setFocus(where);
    },
  }; // prettier-ignore
  return (
    <div ref={place}>
      <Group node={root} tools={tools} />
      {(root.children?.length ?? 0) > 0 && <p className="muted small">{text.scheduleForm.keys}</p>}
    </div>
  );
}

function Group({ node, tools }: { node: Node; tools: Tools }): ReactNode {
  const { root, choices, change, paths, problems } = tools;
  const children = node.children ?? [];
  const problem = problems[`${paths.get(node.id) ?? ""}.triggers`];
  const add = (type: string): void => {
    const made = newNode(type, choices);
    change(added(root, node.id, made), made.id);
  };
  return (
    <fieldset className="trigger-group" data-node={node.id} onKeyDown={(event) => move(event, node, tools)}>
      <legend>
        <select aria-label={text.scheduleForm.group} value={node.type} onChange={(event) => change(replaced(root, node.id, (one) => ({ ...one, type: event.target.value })))}>
          <option value="or">{text.scheduleForm.any}</option>
          <option value="and">{text.scheduleForm.all}</option>
        </select>
        {node !== root && <Buttons node={node} tools={tools} />}
      </legend>
      {children.length === 0 && <p className="muted">{node === root ? text.scheduleForm.byHand : text.scheduleForm.emptyGroup}</p>}
      {typeof problem === "string" && <p className="error">{problem}</p>}
      {children.length > 0 && (
        <ul className="trigger-nodes">
          {children.map((child) => (
            <li key={child.id}>{isGroup(child) ? <Group node={child} tools={tools} /> : <Leaf node={child} tools={tools} />}</li>
          ))}
        </ul>
      )}
      <p className="buttons">
        <button type="button" onClick={() => add("time")}>
          {text.scheduleForm.addTime}
        </button>
        <button type="button" onClick={() => add("datasetUpdated")}>
          {text.scheduleForm.addEvent}
        </button>
        <button type="button" onClick={() => add(node.type === "or" ? "and" : "or")}>
          {text.scheduleForm.addGroup}
        </button>
      </p>
    </fieldset>
  );
}

function move(event: KeyboardEvent, node: Node, { root, change }: Tools): void {
  const how = MOVES[event.key];
  if (!how || !event.altKey || !event.shiftKey || node === root) return;
  event.preventDefault();
  event.stopPropagation();
  change(moved(root, node.id, how), node.id);
}

function Buttons({ node, tools: { root, change } }: { node: Node; tools: Tools }): ReactNode {
  const words = text.scheduleForm.moves;
  const signs: Readonly<Record<Move, string>> = { up: "↑", down: "↓", out: "⇤", in: "⇥" };
  return (
    <span className="trigger-buttons">
      {(Object.keys(signs) as Move[]).map((how) => (
        <button key={how} type="button" className="quiet" title={words[how]} aria-label={words[how]} disabled={moved(root, node.id, how) === root} onClick={() => change(moved(root, node.id, how), node.id)}>
          {signs[how]}
        </button>
      ))}
      <button type="button" className="quiet" title={words.remove} aria-label={words.remove} onClick={() => change(replaced(root, node.id, () => null), root.id)}>
        ✕
      </button>
    </span>
  );
}

function Leaf({ node, tools }: { node: Node; tools: Tools }): ReactNode {
  const { root, choices, change, paths, preview } = tools;
  const path = paths.get(node.id) ?? "";
  const isKnown = (KINDS as readonly string[]).includes(node.type);
  const choose = (type: string): void => change(replaced(root, node.id, (one) => ({ ...one, type, fields: fieldsOf(type, one.fields, choices) })));
  const set = (field: string, value: string): void => change(replaced(root, node.id, (one) => ({ ...one, fields: { ...one.fields, [field]: value } })));
  return (
    <div className="trigger-leaf" data-node={node.id} onKeyDown={(event) => move(event, node, tools)}>
      <div className="trigger-head">
        <select aria-label={text.scheduleForm.leaf} value={node.type} onChange={(event) => choose(event.target.value)}>
          {!isKnown && <option value={node.type}>{text.scheduleForm.kindsOfTrigger[node.type] ?? node.type}</option>}
          {KINDS.map((kind) => (
            <option key={kind} value={kind}>
              {text.scheduleForm.kindsOfTrigger[kind] ?? kind}
            </option>
          ))}
        </select>
        <Buttons node={node} tools={tools} />
      </div>
      {node.type === "time" ? (
        <Time node={node} path={path} tools={tools} set={set} told={preview?.times.find((one) => one.path === path)} />
      ) : isKnown ? (
        <Event node={node} path={path} tools={tools} set={set} />
      ) : (
        <p className="muted">{triggerText({ type: node.type, ...node.fields }, (rid) => choices.targets.get(rid) ?? rid)}</p>
      )}
    </div>
  );
}

interface LeafProps {
  readonly node: Node;
  readonly path: string;
  readonly tools: Tools;
  readonly set: (field: string, value: string) => void;
}

const told = (value: unknown): string => (typeof value === "string" ? value : "");

function Time({ node, path, tools: { choices, problems }, set, told: due }: LeafProps & { told: TimePreview | undefined }): ReactNode {
  const problem = (field: string): string | undefined => told(problems[`${path}.${field}`]) || undefined;
  return (
    <>
      <div className="fields columns-2">
        <Input label={text.scheduleForm.cron} className="mono" value={told(node.fields["cronExpression"])} options={text.scheduleForm.commonTimes} problem={problem("cronExpression")} hint={text.scheduleForm.cronHint} onChange={(value) => set("cronExpression", value)} />
        <Input label={text.scheduleForm.zone} value={told(node.fields["timeZone"])} options={choices.zones} problem={problem("timeZone")} onChange={(value) => set("timeZone", value)} />
      </div>
      {due && (
        <div className="due" role="status">
          <p>{text.scheduleForm.due(due.words, told(node.fields["timeZone"]))}</p>
          <Instants instants={due.instants} walls={due.walls} />
        </div>
      )}
    </>
  );
}

/** Instants as the clock of a zone shows them, and how far away they are. */
export function Instants({ instants, walls }: { instants: readonly number[]; walls?: readonly string[] }): ReactNode {
  return (
    <ol className="instants">
      {instants.map((at, index) => (
        <li key={at}>
          {walls && <span className="mono">{walls[index]}</span>} <span className="muted"><Ago at={at} /></span>
        </li>
      ))}
    </ol>
  );
}

function Event({ node, path, tools: { choices, problems }, set }: LeafProps): ReactNode {
  const member = SUBJECTS[node.type] ?? "datasetRid";
  const isOfSchedule = member === "scheduleRid";
  const options = isOfSchedule ? choices.schedules : choices.targets;
  const value = told(node.fields[member]);
  const problem = (field: string): string | undefined => told(problems[`${path}.${field}`]) || undefined;
  return (
    <div className="fields columns-2">
      <Field label={isOfSchedule ? text.scheduleForm.schedule : text.graph.target} problem={problem(member)}>
        {(control) => (
          <select {...control} value={value} onChange={(event) => set(member, event.target.value)}>
            <option value="">{text.scheduleForm.choose}</option>
            {value && !options.has(value) && <option value={value}>{value}</option>}
            {[...options].map(([rid, name]) => (
              <option key={rid} value={rid}>
                {name}
              </option>
            ))}
          </select>
        )}
      </Field>
      {!isOfSchedule && <Input label={text.graph.branch} value={told(node.fields["branchName"])} options={choices.branches} problem={problem("branchName")} onChange={(branch) => set("branchName", branch)} />}
    </div>
  );
}
