/** Builds as small squares in the cells of the console and the grid. */

import { memo, type ReactNode } from "react";
import type { ChangeBuild } from "../../api/schema";
import type { Tally } from "../../lib/console";
import { SIGNS, lookOf } from "../../lib/results";
import { formatDuration, formatInstant } from "../../lib/time";
import { text } from "../../text";
import { BuildLink } from "../basics";

/** @param most of the newest are shown; of the others their number */
export const BuildMarks = memo(function BuildMarks({ builds, builder, most, withNumbers = false }: { builds: readonly ChangeBuild[]; builder: string; most: number; withNumbers?: boolean }): ReactNode {
  return (
    <span className="marks">
      {builds.slice(0, most).map((build) => {
        const look = lookOf(build.results);
        const took = build.complete_at === null ? "" : `, ${formatDuration(build.complete_at - build.started_at)}`;
        const told = `${text.common.ofBuilder(builder, build.number)} ${text.looks[look]}, ${formatInstant(build.started_at)}${took}`;
        return (
          <BuildLink key={build.buildid} builder={build.builderid} number={build.number} className={`mark ${look}${withNumbers ? " numbered" : ""}`} title={told} aria-label={told}>
            {withNumbers ? `${SIGNS[look]} ${build.number}` : SIGNS[look]}
          </BuildLink>
        );
      })}
      {builds.length > most && <span className="muted small">{text.views.more(builds.length - most)}</span>}
    </span>
  );
});

/** What several builders made of something, as one square with a number. */
export function TallyMark({ tally }: { tally: Tally }): ReactNode {
  if (tally.look === null) return null;
  const told = text.console.tally(tally.built, tally.bad, tally.running);
  return (
    <span className={`mark numbered ${tally.look}`} role="img" aria-label={told} title={told}>
      {SIGNS[tally.look]} {tally.bad || tally.running || tally.built}
    </span>
  );
}
