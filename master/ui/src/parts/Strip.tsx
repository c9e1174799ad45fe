/** The newest builds of a builder as small squares. */

import type { ReactNode } from "react";
import type { BuildMark } from "../api/schema";
import { SIGNS, lookOf } from "../lib/results";
import { formatDuration, formatInstant } from "../lib/time";
import { text } from "../text";
import { BuildLink } from "./basics";

/** @param builds newest first; the newest is shown on the right */
export function Strip({ builder, builds }: { builder: number; builds: readonly BuildMark[] }): ReactNode {
  return (
    <ul className="strip" aria-label={text.builders.last}>
      {[...builds].reverse().map((build) => {
        const look = lookOf(build.results);
        const took = build.complete_at === null ? "" : `, ${formatDuration(build.complete_at - build.started_at)}`;
        return (
          <li key={build.buildid}>
            <BuildLink
              builder={builder}
              number={build.number}
              className={`mark ${look}`}
              title={`#${build.number} ${text.looks[look]}, ${formatInstant(build.started_at)}${took}`}
              aria-label={`#${build.number} ${text.looks[look]}`}
            >
              {SIGNS[look]}
            </BuildLink>
          </li>
        );
      })}
    </ul>
  );
}
