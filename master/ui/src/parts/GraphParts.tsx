/** Small pieces of the pages of job graphs. */

import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { VersionMark } from "../api/schema";
import { lookOfStatus, nameOfStatus, shortRid, type Branch } from "../lib/graph";
import { text } from "../text";
import { Ago, Duration, Result } from "./basics";

/** The way between the pages of job graphs. */
export function GraphTabs(): ReactNode {
  return (
    <nav aria-label={text.graph.parts} className="tabs">
      <Link to="/graph" activeOptions={{ exact: true }} className="tab">
        {text.graph.targets}
      </Link>
      <Link to="/graph/runs" className="tab">
        {text.graph.runs}
      </Link>
      <Link to="/graph/schedules" className="tab">
        {text.graph.schedules}
      </Link>
    </nav>
  );
}

export function Status({ status }: { status: string }): ReactNode {
  return <Result look={lookOfStatus(status)} label={nameOfStatus(status)} />;
}

export function RunLink({ rid, children }: { rid: string; children?: ReactNode }): ReactNode {
  return (
    <Link to="/graph/runs/$run" params={{ run: rid }} title={rid}>
      {children ?? <code>{shortRid(rid)}</code>}
    </Link>
  );
}

export function TargetLink({ target, on = {} }: { target: string; on?: Branch }): ReactNode {
  return (
    <Link to="/graph/targets/$target" params={{ target }} search={on}>
      {target}
    </Link>
  );
}

export function ScheduleLink({ rid, name }: { rid: string; name: string | null }): ReactNode {
  return (
    <Link to="/graph/schedules/$schedule" params={{ schedule: rid }} title={rid}>
      {name ?? text.schedule.unnamed(shortRid(rid))}
    </Link>
  );
}

/** An instant of a graph, which is in milliseconds. */
export function AgoMs({ at }: { at: number | null }): ReactNode {
  return at === null ? null : <Ago at={at / 1000} />;
}

export function DurationMs({ from, to }: { from: number | null; to: number | null }): ReactNode {
  return <Duration from={from === null ? null : from / 1000} to={to === null ? null : to / 1000} />;
}

/** Versions that a job has read or written, each with the run that has made it. */
export function Versions({ marks, run }: { marks: readonly VersionMark[]; run: string }): ReactNode {
  return (
    <ul className="plain">
      {marks.map((mark) => (
        <li key={mark.target} className="line">
          <TargetLink target={mark.target} />
          {mark.version_rid !== null && <code title={mark.version_rid}>{shortRid(mark.version_rid)}</code>}
          {mark.version_rid !== null && (
            <span className="muted">
              {mark.branch !== null && `${text.changes.onBranch(mark.branch)}, `}
              {text.graph.state[mark.state ?? ""] ?? mark.state}{" "}
              {mark.build_rid === null ? (
                text.run.outside
              ) : mark.build_rid === run ? (
                text.run.byThisRun
              ) : (
                <>
                  {text.run.byRun} <RunLink rid={mark.build_rid} />
                </>
              )}
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}
