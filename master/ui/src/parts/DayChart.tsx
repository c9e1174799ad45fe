/** How builds ended in each hour of a day, small enough for a heading. */

import { useMemo, type ReactNode } from "react";
import type { HourOfBuilds } from "../api/schema";
import { dayOf } from "../lib/day";
import { formatInstant } from "../lib/time";
import { text } from "../text";
import { Ago } from "./basics";

const STEP = 10;
const WIDTH = 8;
const HEIGHT = 56;

/** @param since from when on builds are counted, in seconds */
export function DayChart({ hours, since }: { hours: readonly HourOfBuilds[]; since: number }): ReactNode {
  const day = useMemo(() => dayOf(hours), [hours]);
  const line = day.line * HEIGHT;
  const isCut = since > (hours[0]?.begins_at ?? since);
  const told = text.front.day(day.good, day.bad, day.other);
  return (
    <figure className="day-chart">
      <svg viewBox={`0 0 ${hours.length * STEP} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={told}>
        <line x1={0} x2={hours.length * STEP} y1={line} y2={line} className="day-line" />
        {day.bars.map(({ hour, good, other, bad }, index) => (
          <g key={hour.begins_at}>
            <title>{`${formatInstant(hour.begins_at)}: ${text.front.day(hour.good, hour.bad, hour.other)}`}</title>
            <rect x={index * STEP} width={STEP} y={0} height={HEIGHT} className="day-hour" />
            <rect x={index * STEP + 1} width={WIDTH} y={line - good * HEIGHT} height={good * HEIGHT} className="day-good" />
            <rect x={index * STEP + 1} width={WIDTH} y={line - (good + other) * HEIGHT} height={other * HEIGHT} className="day-other" />
            <rect x={index * STEP + 1} width={WIDTH} y={line} height={bad * HEIGHT} className="day-bad" />
          </g>
        ))}
      </svg>
      <figcaption className="muted small">
        {isCut ? <Ago at={since} /> : <span>{text.front.dayAgo}</span>}
        <span>{told}</span>
        <span>{text.front.now}</span>
      </figcaption>
    </figure>
  );
}
