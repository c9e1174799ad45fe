/** How a worker is, and what can be done with it. */

import { memo, type ReactNode } from "react";
import type { WorkerMark, WorkerState } from "../api/schema";
import { SIGNS, lookOf } from "../lib/results";
import { formatDuration, formatInstant } from "../lib/time";
import { text } from "../text";
import { ActionButton } from "./actions";
import { BuildLink } from "./basics";

export function State({ worker }: { worker: WorkerState }): ReactNode {
  return (
    <>
      <span className={`result ${worker.connected ? "success" : "failure"}`}>
        <span aria-hidden="true">{worker.connected ? "✓" : "✗"}</span> {worker.connected ? text.workers.connected : text.workers.offline}
      </span>
      {worker.paused && (
        <span className="badge warnings">
          <span aria-hidden="true">‖</span> {text.workers.paused}
          {worker.pause_reason ? `: ${worker.pause_reason}` : ""}
        </span>
      )}
      {worker.graceful && <span className="badge warnings">{text.workers.graceful}</span>}
    </>
  );
}

/** @param all also what ends builds */
export function Buttons({ worker, all = false }: { worker: WorkerState; all?: boolean }): ReactNode {
  const path = `workers/${worker.workerid}`;
  const reason = (title: string) => ({ title, label: text.common.reason, parameter: "reason" });
  return (
    <span className="buttons">
      {worker.paused ? (
        <ActionButton path={path} method="unpause" label={text.workers.unpause} />
      ) : (
        <ActionButton path={path} method="pause" label={text.workers.pause} question={reason(text.workers.pauseTitle(worker.name))} />
      )}
      {worker.connected && !worker.graceful && (
        <ActionButton path={path} method="stop" label={text.workers.stop} question={reason(text.workers.stopTitle(worker.name))} />
      )}
      {all && worker.connected && (
        <ActionButton path={path} method="kill" label={text.workers.stopNow} className="danger" question={reason(text.workers.killTitle(worker.name))} />
      )}
    </span>
  );
}

/** The newest builds of a worker as small squares. */
export const WorkerStrip = memo(function WorkerStrip({ builds, names }: { builds: readonly WorkerMark[]; names: ReadonlyMap<number, string> }): ReactNode {
  return (
    <ul className="strip" aria-label={text.builders.last}>
      {[...builds].reverse().map((build) => {
        const look = lookOf(build.results);
        const name = text.common.ofBuilder(names.get(build.builderid) ?? String(build.builderid), build.number);
        const took = build.complete_at === null ? "" : `, ${formatDuration(build.complete_at - build.started_at)}`;
        return (
          <li key={build.buildid}>
            <BuildLink
              builder={build.builderid}
              number={build.number}
              className={`mark ${look}`}
              title={`${name} ${text.looks[look]}, ${formatInstant(build.started_at)}${took}`}
              aria-label={`${name} ${text.looks[look]}`}
            >
              {SIGNS[look]}
            </BuildLink>
          </li>
        );
      })}
    </ul>
  );
});
