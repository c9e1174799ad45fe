/** The command palette: type a few letters of a page, a builder, a worker, a scheduler, or the number of a build, and go there. */

import { useRouter } from "@tanstack/react-router";
import { useId, useMemo, useState, type ReactNode } from "react";
import type { BuildersPage, Project, Scheduler, Worker } from "../api/schema";
import { useOne, useRows } from "../api/queries";
import { goalsFor, type Goal } from "../lib/goals";
import { recentGoals } from "../lib/recent";
import { text } from "../text";
import { Dialog } from "./basics";
import { PAGES, dashboards } from "./places";

const SHOWN = 12;
const KINDS = { build: text.common.build, request: text.build.request, ofBuilder: text.common.ofBuilder };

export function Palette({ onClose }: { onClose: () => void }): ReactNode {
  const router = useRouter();
  const builders = useOne<BuildersPage>("pages/builders");
  const workers = useRows<Worker>("workers");
  const schedulers = useRows<Scheduler>("schedulers");
  const projects = useRows<Project>("projects");
  const [recent] = useState(() => recentGoals().filter(({ address }) => address !== router.state.location.pathname));
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const list = useId();
  const ofBuilders = useMemo<Goal[]>(
    () =>
      (builders.data?.builders ?? [])
        .filter(({ builder }) => builder.masterids.length > 0)
        .map(({ builder }) => ({ label: builder.name, kind: text.common.builder, address: `/builders/${builder.builderid}` })),
    [builders.data],
  );
  const goals = useMemo<Goal[]>(
    () => [
      ...PAGES.map(([to, label]) => ({ label, kind: "", address: to })),
      ...dashboards().map(({ name, caption }) => ({ label: caption, kind: "", address: `/${name}` })),
      ...ofBuilders,
      ...(workers.data ?? []).map(({ name, workerid }) => ({ label: name, kind: text.common.worker, address: `/workers/${workerid}` })),
      ...(schedulers.data ?? []).map(({ name, schedulerid }) => ({ label: name, kind: text.palette.scheduler, address: `/schedulers/${schedulerid}` })),
      ...(projects.data ?? []).map(({ name, projectid }) => ({ label: name, kind: text.palette.project, address: `/projects/${projectid}` })),
    ],
    [ofBuilders, workers.data, schedulers.data, projects.data],
  );
  const found = useMemo(() => {
    if (typed.trim()) return goalsFor(typed, goals, ofBuilders, KINDS).slice(0, SHOWN);
    return [...recent.map((goal) => ({ ...goal, kind: text.palette.recent })), ...goals].slice(0, SHOWN);
  }, [goals, ofBuilders, recent, typed]);
  const go = (goal: Goal | undefined): void => {
    if (!goal) return;
    onClose();
    router.history.push(goal.address);
  };
  return (
    <Dialog title={text.palette.label} onClose={onClose} className="palette">
      <input
        role="combobox"
        aria-expanded="true"
        aria-controls={list}
        aria-activedescendant={found[at] ? `${list}-${at}` : undefined}
        aria-label={text.palette.label}
        placeholder={text.palette.placeholder}
        value={typed}
        onChange={(event) => {
          setTyped(event.target.value);
          setAt(0);
        }}
        onKeyDown={(event) => {
          if (event.key === "ArrowDown") setAt(Math.min(at + 1, found.length - 1));
          else if (event.key === "ArrowUp") setAt(Math.max(at - 1, 0));
          else if (event.key === "Enter") go(found[at]);
          else return;
          event.preventDefault();
        }}
      />
      <ul role="listbox" id={list} aria-label={text.palette.label}>
        {found.map((goal, index) => (
          <li key={`${goal.kind} ${goal.address}`} id={`${list}-${index}`} role="option" aria-selected={index === at} onClick={() => go(goal)}>
            <span>{goal.label}</span> <small>{goal.kind}</small>
          </li>
        ))}
      </ul>
      {found.length === 0 && <p className="empty">{text.palette.none}</p>}
    </Dialog>
  );
}
