/** Builds of any builders as small squares. */

import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { AskedBuild, ChangeBuild } from "../api/schema";
import { SIGNS, lookOf, type Look } from "../lib/results";
import { text } from "../text";
import { BuildLink } from "./basics";

const SHOWN = 12;

interface MarksProps {
  /** Newest first. */
  readonly builds: readonly ChangeBuild[];
  /** Of builders by id. */
  readonly names: ReadonlyMap<number, string>;
  /** There are older ones than these. */
  readonly hasMore: boolean;
}

export function BuildMarks({ builds, names, hasMore }: MarksProps): ReactNode {
  if (builds.length === 0) return null;
  return (
    <ul className="strip wraps" aria-label={text.changes.builds}>
      {builds.slice(0, SHOWN).map((build) => {
        const look = lookOf(build.results);
        const told = `${text.common.ofBuilder(names.get(build.builderid) ?? String(build.builderid), build.number)}: ${text.looks[look]}`;
        return (
          <li key={build.buildid}>
            <BuildLink builder={build.builderid} number={build.number} className={`mark ${look}`} title={told} aria-label={told}>
              {SIGNS[look]}
            </BuildLink>
          </li>
        );
      })}
      {(hasMore || builds.length > SHOWN) && <li className="small muted">{hasMore ? text.common.older : text.front.more(builds.length - SHOWN)}</li>}
    </ul>
  );
}

function lookOfRequest({ build, complete, results }: AskedBuild): Look {
  if (complete) return lookOf(results);
  return build ? lookOf(build.results) : "waiting";
}

/** The requests of a buildset, each with its newest build, or as one that waits. */
export function RequestMarks({ requests, total }: { requests: readonly AskedBuild[]; total: number }): ReactNode {
  if (requests.length === 0) return <span className="muted">{text.schedulers.noBuilds}</span>;
  return (
    <ul className="strip wraps" aria-label={text.builder.builds}>
      {requests.slice(0, SHOWN).map((request) => {
        const look = lookOfRequest(request);
        const { build, builder, builderid, buildrequestid } = request;
        const told = `${build ? text.common.ofBuilder(builder, build.number) : builder}: ${text.looks[look]}`;
        return (
          <li key={buildrequestid}>
            {build ? (
              <BuildLink builder={builderid} number={build.number} className={`mark ${look}`} title={told} aria-label={told}>
                {SIGNS[look]}
              </BuildLink>
            ) : (
              <Link to="/buildrequests/$request" params={{ request: String(buildrequestid) }} className={`mark ${look}`} title={told} aria-label={told}>
                {SIGNS[look]}
              </Link>
            )}
          </li>
        );
      })}
      {total > SHOWN && <li className="small muted">{text.front.more(total - SHOWN)}</li>}
    </ul>
  );
}
