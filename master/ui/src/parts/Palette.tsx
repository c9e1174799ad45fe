/** The command palette: type a few letters of a page, a builder or a worker, and go there. */

import { useRouter } from "@tanstack/react-router";
import { useId, useMemo, useState, type ReactNode } from "react";
import type { BuildersPage, Worker } from "../api/schema";
import { useOne, useRows } from "../api/queries";
import { rank } from "../lib/fuzzy";
import { text } from "../text";
import { Dialog } from "./basics";
import { PAGES, dashboards } from "./places";

const SHOWN = 12;

interface Goal {
  readonly label: string;
  readonly kind: string;
  readonly address: string;
}

export function Palette({ onClose }: { onClose: () => void }): ReactNode {
  const router = useRouter();
  const builders = useOne<BuildersPage>("pages/builders");
  const workers = useRows<Worker>("workers");
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const list = useId();
  const goals = useMemo<Goal[]>(
    () => [
      ...PAGES.map(([to, label]) => ({ label, kind: "", address: to })),
      ...dashboards().map(({ name, caption }) => ({ label: caption, kind: "", address: `/${name}` })),
      ...(builders.data?.builders ?? [])
        .filter(({ builder }) => builder.masterids.length > 0)
        .map(({ builder }) => ({
          label: builder.name,
          kind: text.common.builder,
          address: `/builders/${builder.builderid}`,
        })),
      ...(workers.data ?? []).map((worker) => ({
        label: worker.name,
        kind: text.common.worker,
        address: `/workers/${worker.workerid}`,
      })),
    ],
    [builders.data, workers.data],
  );
  const found = useMemo(() => rank(goals, typed, (goal) => goal.label).slice(0, SHOWN), [goals, typed]);
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
          <li key={`${goal.kind} ${goal.label}`} id={`${list}-${index}`} role="option" aria-selected={index === at} onClick={() => go(goal)}>
            <span>{goal.label}</span> <small>{goal.kind}</small>
          </li>
        ))}
      </ul>
      {found.length === 0 && <p className="empty">{text.palette.none}</p>}
    </Dialog>
  );
}
