/** Why a build did not end well: the line that matters, without a click. */

import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { BuildPage, NamedBuild, StepWithLogs } from "../../api/schema";
import { getOne } from "../../api/client";
import { badOf, causeOf, needsReason, saidOf, wasStopped, witnesses } from "../../lib/cause";
import { lookOf } from "../../lib/results";
import { text } from "../../text";
import { BuildLink, Loading, Mark, Problem } from "../basics";
import { FailureExcerpt, LiveTail } from "../Excerpt";
import { Stopped } from "./Stopped";

/** A build that failed because one that it triggered did shows that one's reason, so many levels down. */
const DEEPEST = 3;

/** Nothing where there is nothing to explain. */
export function Reason({ page, depth = 0 }: { page: BuildPage; depth?: number }): ReactNode {
  const cause = causeOf(page);
  if (!cause && !needsReason(page.build.results)) return null;
  const { results } = cause?.step ?? page.build;
  const look = lookOf(results);
  const said = saidOf(page, cause);
  const title = cause ? text.build.ended(cause.step.name, look) : text.build.why;
  return (
    <section className={`card failure-card edge ${look}`} aria-label={title}>
      <header className="card-head">
        <h2>
          <Mark look={look} /> {title}
        </h2>
        {cause && said === null && <span className="muted">{cause.step.state_string}</span>}
      </header>
      <Why page={page} cause={cause} said={said} />
      {depth < DEEPEST && <Triggered builds={badOf(page.triggered)} depth={depth} />}
    </section>
  );
}

/** The line that matters in a log; or what is said in its place, and the last output. */
function Why({ page, cause, said }: { page: BuildPage; cause: StepWithLogs | undefined; said: string | null }): ReactNode {
  const among = witnesses(cause?.logs ?? null);
  if (said === null) return cause && among.length > 0 && <FailureExcerpt build={page.build} step={cause.step} among={among} />;
  const output = among.find(({ log }) => log.name === "stdio");
  return (
    <>
      <p className="told telling">{page.stop && wasStopped(page) ? <Stopped stop={page.stop} /> : said || text.build.noReason}</p>
      {output && <LiveTail log={output.log} />}
    </>
  );
}

/** The first of the triggered builds that went wrong, with its reason; the others are links. */
function Triggered({ builds: [first, ...others], depth }: { builds: readonly NamedBuild[]; depth: number }): ReactNode {
  if (!first) return null;
  return (
    <>
      <p className="line culprits">
        {[first, ...others].map((one) => (
          <NamedLink key={one.build.buildid} one={one} />
        ))}
      </p>
      <ReasonOf id={first.build.buildid} depth={depth + 1} />
    </>
  );
}

function ReasonOf({ id, depth }: { id: number; depth: number }): ReactNode {
  const path = `pages/builds/${id}`;
  const query = useQuery({ queryKey: [path], queryFn: ({ signal }) => getOne<BuildPage>(path, signal) });
  if (query.error) return <Problem error={query.error} />;
  return query.data ? <Reason page={query.data} depth={depth} /> : <Loading />;
}

/** What a build of any builder is called. */
export function nameOf({ build, builder }: NamedBuild): string {
  return builder === null ? `${text.common.build} ${build.buildid}` : text.common.ofBuilder(builder, build.number);
}

/** A link to a build of any builder. */
export function NamedLink({ one }: { one: NamedBuild }): ReactNode {
  const { build } = one;
  return (
    <span className="nowrap">
      <Mark look={lookOf(build.results)} />{" "}
      <BuildLink builder={build.builderid} number={build.number}>
        {nameOf(one)}
      </BuildLink>
    </span>
  );
}
