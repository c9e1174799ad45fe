/** A schedule of a job graph is made, or changed; what it would do is told while it is written. */

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useEffect, useMemo, useRef, useState, type FormEvent, type ReactNode } from "react";
import type { GraphPlanJob, ScheduleFormPage, SchedulePreview, ScheduleResource } from "../api/schema";
import { ApiError, act } from "../api/client";
import { config } from "../api/config";
import { useOne } from "../api/queries";
import { useAllowed } from "../api/rights";
import { shortRid, withoutRids } from "../lib/graph";
import { UNITS, documentOf, draftOf, emptyDraft, problemAt, targetOf, type Draft } from "../lib/scheduleForm";
import { PermittedButton } from "../parts/actions";
import { Document, Empty, Result, Section, useTitle } from "../parts/basics";
import { TargetLink } from "../parts/GraphParts";
import { Table, type Column } from "../parts/ListPage";
import { Check, Chosen, Field, Input } from "../parts/schedule/fields";
import { Instants, TriggerEditor, type Choices } from "../parts/schedule/Trigger";
import { text } from "../text";

const routeOfNew = getRouteApi("/graph/schedules/new");
const routeOfOld = getRouteApi("/graph/schedules/$schedule/edit");
const PAUSE_MS = 300;

export function NewSchedule(): ReactNode {
  const search = routeOfNew.useSearch();
  const query = useOne<ScheduleFormPage>("pages/schedule_form");
  useTitle(`${text.scheduleForm.create} · ${config().title}`);
  return (
    <Document query={query}>
      {(page) => {
        const target = Object.entries(page.targets).find(([rid, name]) => name === search.target || rid === search.target)?.[0];
        return <Form page={page} schedule={null} start={() => emptyDraft(search.branch ?? page.branches[0] ?? "", target === undefined ? [] : [target])} />;
      }}
    </Document>
  );
}

export function EditSchedule(): ReactNode {
  const { schedule: rid } = routeOfOld.useParams();
  const query = useOne<ScheduleFormPage>(`pages/schedule_form/${encodeURIComponent(rid)}`, { events: [`schedules/${rid}/*`] });
  const name = query.data?.schedule?.name ?? text.schedule.unnamed(shortRid(rid));
  useTitle(`${name} · ${config().title}`);
  return (
    <Document query={query}>
      {(page) => {
        const { schedule } = page;
        return schedule !== null && <Form key={rid} page={page} schedule={schedule} start={() => draftOf(schedule)} refetch={() => void query.refetch()} />;
      }}
    </Document>
  );
}

interface FormProps {
  readonly page: ScheduleFormPage;
  /** As it is now; null for a new one. */
  readonly schedule: ScheduleResource | null;
  readonly start: () => Draft;
  readonly refetch?: () => void;
}

/** What stays the same for a moment. */
function useSettled<T>(value: T): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}

function Form({ page, schedule, start, refetch }: FormProps): ReactNode {
  const [draft, setDraft] = useState<Draft>(start);
  const [seen, setSeen] = useState(schedule?.version_rid);
  const [isTried, setTried] = useState(schedule !== null);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const form = useRef<HTMLFormElement>(null);
  const navigate = useNavigate();
  const path = schedule === null ? "schedules" : `schedules/${schedule.rid}`;
  const method = schedule === null ? "create" : "replace";
  const allowed = useAllowed(path, method);
  const set = (more: Partial<Draft>): void => setDraft((before) => ({ ...before, ...more }));

  const targets = useMemo(() => new Map(Object.entries(page.targets).map(([rid, name]) => [rid, String(name)])), [page.targets]);
  const schedules = useMemo(() => new Map(Object.entries(page.schedules).map(([rid, name]) => [rid, typeof name === "string" ? name : text.schedule.unnamed(shortRid(rid))])), [page.schedules]);
  const nameOf = (rid: string): string => targets.get(rid) ?? schedules.get(rid) ?? shortRid(rid);

  const document_ = useMemo(() => documentOf(draft), [draft]);
  const written = useSettled(document_);
  const previewed = useQuery({ queryKey: ["schedule preview", written], queryFn: () => act<SchedulePreview>("schedules", "preview", written), placeholderData: keepPreviousData });
  const preview = previewed.data;
  const problems = useMemo(() => shown(preview?.problems ?? {}, isTried), [preview?.problems, isTried]);
  const at = (field: string): string | undefined => {
    const told = problemAt(problems, field);
    return told === undefined ? undefined : withoutRids(told, nameOf);
  };

  const save = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setTried(true);
    setBusy(true);
    setProblem("");
    try {
      const made = await act<ScheduleResource>(path, method, { ...document_, ...(seen === undefined ? {} : { seenVersionRid: seen }) });
      void navigate({ to: "/graph/schedules/$schedule", params: { schedule: made.rid } });
    } catch (error) {
      setBusy(false);
      setProblem(withoutRids(error instanceof Error ? error.message : String(error), nameOf));
      if (error instanceof ApiError && error.status === 409) refetch?.();
      await previewed.refetch();
      requestAnimationFrame(() => (form.current?.querySelector<HTMLElement>("[aria-invalid=true]") ?? form.current?.querySelector<HTMLElement>("[role=alert]"))?.focus());
    }
  };

  const choices: Choices = { branches: page.branches, targets, schedules, zones: page.time_zones, branch: draft.branch, zone: ownZone(page.time_zones) };
  const isOfRid = (typed: string): boolean => typed.startsWith("ri.");
  const chooser = { options: targets, also: isOfRid, nameOf };
  if (allowed === "no") return <Empty>{text.common.forbidden}</Empty>;
  return (
    <form ref={form} className="schedule-form" onSubmit={(event) => void save(event)} noValidate>
      <header className="page-head">
        <div className="grow">
          <nav aria-label={text.nav.breadcrumbs} className="crumbs">
            <Link to="/graph/schedules">{text.graph.schedules}</Link>
            {schedule !== null && (
              <>
                <span aria-hidden="true">/</span>
                <Link to="/graph/schedules/$schedule" params={{ schedule: schedule.rid }}>
                  {schedule.name ?? text.schedule.unnamed(shortRid(schedule.rid))}
                </Link>
              </>
            )}
          </nav>
          <h1>{schedule === null ? text.scheduleForm.create : text.scheduleForm.edit}</h1>
        </div>
      </header>
      {schedule !== null && seen !== schedule.version_rid && (
        <div className="note conflict" role="alert">
          <p>{text.scheduleForm.changed(schedule.editor)}</p>
          <p className="buttons">
            <button
              type="button"
              onClick={() => {
                setDraft(draftOf(schedule));
                setSeen(schedule.version_rid);
                setProblem("");
              }}
            >
              {text.scheduleForm.takeTheirs}
            </button>
            <button
              type="button"
              onClick={() => {
                setSeen(schedule.version_rid);
                setProblem("");
              }}
            >
              {text.scheduleForm.keepMine}
            </button>
          </p>
        </div>
      )}
      <Section title={text.scheduleForm.about}>
        <Input label={text.common.name} value={draft.name} maxLength={300} problem={at("displayName")} onChange={(name) => set({ name })} />
        <Field label={text.scheduleForm.description} problem={at("description")}>
          {(control) => <textarea {...control} rows={2} value={draft.description} onChange={(event) => set({ description: event.target.value })} />}
        </Field>
      </Section>
      <Section title={text.schedule.what}>
        <Field label={text.scheduleForm.kind}>
          {(control) => (
            <select {...control} value={draft.kind} onChange={(event) => set({ kind: event.target.value as Draft["kind"] })}>
              {(["upstream", "manual", "connecting"] as const).map((kind) => (
                <option key={kind} value={kind}>
                  {text.scheduleForm.kinds[kind]}
                </option>
              ))}
            </select>
          )}
        </Field>
        {draft.kind === "connecting" && <Chosen label={text.scheduleForm.inputs} {...chooser} chosen={draft.inputs} problem={at("action.target.inputRids")} onChange={(inputs) => set({ inputs })} />}
        <Chosen label={text.scheduleForm.targets} {...chooser} chosen={draft.targets} problem={at("action.target.targetRids")} onChange={(chosen) => set({ targets: chosen })} />
        {draft.kind !== "manual" && <Chosen label={text.scheduleForm.ignored} hint={text.scheduleForm.ignoredHint} {...chooser} chosen={draft.ignored} onChange={(ignored) => set({ ignored })} />}
        <div className="fields columns-2">
          <Input label={text.graph.branch} value={draft.branch} options={page.branches} problem={at("action.branchName")} hint={text.scheduleForm.branchHint(page.branches[0] ?? "")} onChange={(branch) => set({ branch })} />
          <Chosen label={text.scheduleForm.fallbacks} suggestions={page.branches} chosen={draft.fallbacks} problem={at("action.fallbackBranches")} hint={text.scheduleForm.fallbacksHint} onChange={(fallbacks) => set({ fallbacks })} />
        </div>
        <Plan draft={draft} nameOf={nameOf} />
      </Section>
      <Section title={text.scheduleForm.when}>
        <TriggerEditor root={draft.trigger} choices={choices} preview={preview} problems={problems} onChange={(trigger) => set({ trigger })} />
        {preview !== undefined && preview.times.length > 0 && (draft.trigger.children?.length ?? 0) > 1 && (
          <div className="due" role="status">
            <p>{preview.instants.length > 0 ? text.scheduleForm.dueTogether : text.scheduleForm.neverDue}</p>
            <Instants instants={preview.instants} />
          </div>
        )}
      </Section>
      <Section title={text.schedule.how}>
        <Check label={text.scheduleForm.force} isOn={draft.force} onChange={(force) => set({ force })} />
        <Check label={text.scheduleForm.abort} isOn={draft.abort} onChange={(abort) => set({ abort })} />
        <Check label={text.scheduleForm.notify} isOn={draft.notify} onChange={(notify) => set({ notify })} />
        <div className="fields columns-3">
          <Input label={text.scheduleForm.retries} value={draft.retries} problem={at("action.retryCount")} onChange={(retries) => set({ retries })} />
          <Input label={text.scheduleForm.backoff} value={draft.backoff} problem={at("action.retryBackoffDuration")} onChange={(backoff) => set({ backoff })} />
          <Field label={text.scheduleForm.unit}>
            {(control) => (
              <select {...control} value={draft.backoffUnit} onChange={(event) => set({ backoffUnit: event.target.value })}>
                {[...new Set([...UNITS, draft.backoffUnit])].map((unit) => (
                  <option key={unit} value={unit}>
                    {text.scheduleForm.units[unit] ?? unit}
                  </option>
                ))}
              </select>
            )}
          </Field>
        </div>
        <Field label={text.scheduleForm.scope} hint={draft.scope === "user" ? text.scheduleForm.scopeUserHint : text.scheduleForm.scopeProjectHint}>
          {(control) => (
            <select {...control} value={draft.scope} onChange={(event) => set({ scope: event.target.value as Draft["scope"] })}>
              <option value="user">{text.scheduleForm.scopeUser}</option>
              <option value="project">{text.scheduleForm.scopeProject}</option>
            </select>
          )}
        </Field>
        {draft.scope === "project" && <Chosen label={text.scheduleForm.projects} chosen={draft.projects} problem={at("scopeMode")} onChange={(projects) => set({ projects })} />}
      </Section>
      <div className="form-end">
        {problem && (
          <p role="alert" tabIndex={-1} className="error">
            {problem}
          </p>
        )}
        <p className="buttons">
          <PermittedButton path={path} method={method} label={schedule === null ? text.scheduleForm.make : text.scheduleForm.save} className="primary" isOff={isBusy} onClick={() => form.current?.requestSubmit()} />
          <Link to={schedule === null ? "/graph/schedules" : "/graph/schedules/$schedule"} params={{ schedule: schedule?.rid ?? "" }} className="button">
            {text.common.cancel}
          </Link>
        </p>
      </div>
    </form>
  );
}

/** What is wrong, but for what is only not filled in yet, before somebody has tried to save. */
function shown(problems: Readonly<Record<string, unknown>>, isTried: boolean): Readonly<Record<string, unknown>> {
  if (isTried) return problems;
  return Object.fromEntries(Object.entries(problems).filter(([path]) => /(?:cronExpression|timeZone|displayName|description|retry\w+)$/.test(path)));
}

/** The reader's zone, if the master knows it. */
function ownZone(known: readonly string[]): string {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return known.includes(own) ? own : "UTC";
}

const PLANNED: readonly Column<GraphPlanJob>[] = [
  { label: text.graph.target, cell: ({ outputs }) => outputs.map((one) => <TargetLink key={one} target={one} />) },
  { label: text.common.state, cell: ({ stale }) => <Result look={stale ? "warnings" : "success"} label={stale ? text.scheduleForm.built : text.scheduleForm.fresh} /> },
  { label: text.run.why, className: "text", cell: ({ reasons }) => reasons.join("; ") },
  { label: text.common.builder, className: "wide", cell: ({ builder }) => builder },
];

/** What a build would do now that the draft asks for. */
function Plan({ draft, nameOf }: { draft: Draft; nameOf: (rid: string) => string }): ReactNode {
  const asked = useSettled(useMemo(() => ({ target: targetOf(draft), branch: draft.branch.trim(), fallbacks: draft.fallbacks, force: draft.force }), [draft]));
  const isAsked = draft.targets.length > 0;
  const query = useQuery({ queryKey: ["schedule plan", asked], queryFn: () => act<GraphPlanJob[]>("graph_builds", "plan", asked), enabled: isAsked && asked.target["targetRids"] !== undefined, retry: false });
  return (
    <details className="fold" open>
      <summary>
        <h3>{text.scheduleForm.plan}</h3>
      </summary>
      {!isAsked ? (
        <p className="muted">{text.scheduleForm.noTargets}</p>
      ) : query.error ? (
        <p className="muted" role="status">
          {withoutRids(query.error.message, nameOf)}
        </p>
      ) : query.data === undefined ? (
        <p className="muted">{text.common.loading}</p>
      ) : (
        <div className="scroll">
          <p className="muted" role="status">
            {text.scheduleForm.planned(query.data.filter(({ stale }) => stale).length, query.data.length)}
          </p>
          <Table rows={query.data} columns={PLANNED} keyOf={(job) => job.spec_id} />
        </div>
      )}
    </details>
  );
}
