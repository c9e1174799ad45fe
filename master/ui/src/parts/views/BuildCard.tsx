/** What is told of a build that the mouse or the focus is on. */

import { useLayoutEffect, useRef, type ReactNode } from "react";
import { lookOf } from "../../lib/results";
import { formatClock, formatDay, formatInstant } from "../../lib/time";
import { text } from "../../text";
import { Duration, Result } from "../basics";

export interface ToldBuild {
  readonly number: number;
  readonly started_at: number;
  readonly complete_at: number | null;
  readonly results: number | null;
  readonly state_string?: string;
  readonly worker?: string | null;
}

/** Where it stands: beside this, in the window. */
export interface Place {
  readonly left: number;
  readonly right: number;
  readonly top: number;
}

const GAP = 8;

/** @param id by which the build says that this describes it */
export function BuildCard({ id, build, builder, place }: { id: string; build: ToldBuild; builder: string; place: Place }): ReactNode {
  const card = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const element = card.current;
    if (!element) return;
    // to the right where there is room, else to the left, and never out of the window
    const { offsetWidth: width, offsetHeight: height } = element;
    const left = place.right + GAP + width <= innerWidth ? place.right + GAP : Math.max(GAP, place.left - GAP - width);
    element.style.left = `${Math.min(left, Math.max(GAP, innerWidth - width - GAP))}px`;
    element.style.top = `${Math.max(GAP, Math.min(place.top, innerHeight - height - GAP))}px`;
  }, [place, build]);
  return (
    <div ref={card} role="tooltip" id={id} className={`build-card edge ${lookOf(build.results)}`}>
      <strong>{text.common.ofBuilder(builder, build.number)}</strong>
      <Result results={build.results} />
      {build.state_string && <span>{build.state_string}</span>}
      <span className="muted">
        {formatInstant(build.started_at)}
        {build.complete_at !== null && ` – ${formatDay(build.complete_at) === formatDay(build.started_at) ? formatClock(build.complete_at) : formatInstant(build.complete_at)}`}
      </span>
      <span className="muted">
        <Duration from={build.started_at} to={build.complete_at} />
        {build.worker && ` · ${text.views.on(build.worker)}`}
      </span>
    </div>
  );
}
