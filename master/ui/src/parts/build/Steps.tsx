/** The steps of a build as a tree: each with its logs, its links, and the builds that it has triggered, which have steps again. */

import { useQuery } from "@tanstack/react-query";
import { useRouterState } from "@tanstack/react-router";
import { useEffect, useState, type ReactNode } from "react";
import type { BuildPage, NamedBuild, Step, StepWithLogs, TakenOver } from "../../api/schema";
import { getOne } from "../../api/client";
import { config } from "../../api/config";
import { causeOf, takenBy, triggeredBy, witnesses } from "../../lib/cause";
import { ELSEWHERE, safeUrl } from "../../lib/links";
import { lookOf, type Look } from "../../lib/results";
import { formatDuration } from "../../lib/time";
import type { Span } from "../../lib/timeline";
import { text } from "../../text";
import { Duration, Empty, Loading, Mark, Problem, Section, useNow } from "../basics";
import { LiveTail, LogLink } from "../Excerpt";
import { NamedLink, nameOf } from "./Reason";
import { Bar } from "./Timeline";

/** More triggered builds than these are shown when their step is opened. */
const OPEN_AT_MOST = 12;

export function Steps({ page }: { page: BuildPage }): ReactNode {
  if (page.steps === null) return null;
  return (
    <Section title={text.build.steps}>
      <StepList page={page} isOpened />
    </Section>
  );
}

/** @param isOpened what runs or failed is open from the start */
function StepList({ page, within, isOpened = false }: { page: BuildPage; within?: Span; isOpened?: boolean }): ReactNode {
  const [showsHidden, setShowsHidden] = useState(false);
  const { steps, build } = page;
  const now = useNow(!build.complete);
  if (steps === null) return null;
  const cause = causeOf(page);
  const hidden = steps.filter(({ step }) => step.hidden).length;
  const span = within ?? { begin: build.started_at, end: build.complete_at ?? now };
  return (
    <>
      {steps.length === 0 && <Empty>{text.build.noSteps}</Empty>}
      <ol className="steps">
        {steps
          .filter(({ step }) => showsHidden || !step.hidden)
          .map((one) => (
            <StepItem key={one.step.stepid} page={page} one={one} isOpened={isOpened && one === cause} isTop={!within} within={span} />
          ))}
      </ol>
      {hidden > 0 && !showsHidden && (
        <button type="button" className="quiet" onClick={() => setShowsHidden(true)}>
          {text.build.hidden(hidden)}
        </button>
      )}
    </>
  );
}

interface ItemProps {
  readonly page: BuildPage;
  readonly one: StepWithLogs;
  readonly isOpened: boolean;
  /** It is of the page's own build: the address may name it. */
  readonly isTop: boolean;
  readonly within: Span;
}

function StepItem({ page, one, isOpened, isTop, within }: ItemProps): ReactNode {
  const { step, logs } = one;
  const isRunning = step.started_at !== null && !step.complete;
  const triggered = triggeredBy(step, page.triggered);
  const taken = takenBy(step, page.taken_over);
  const below = triggered.length + taken.length;
  const hash = useRouterState({ select: (state) => state.location.hash });
  const isWanted = isTop && hash === `step-${step.number}`;
  useEffect(() => {
    if (isWanted) document.getElementById(`step-${step.number}`)?.scrollIntoView({ block: "center" });
  }, [isWanted, step.number]);
  const look: Look = step.started_at === null && !step.complete ? "waiting" : lookOf(step.results);
  const isSmallTree = below > 0 && below <= OPEN_AT_MOST;
  const [live] = isRunning ? witnesses(logs) : [];
  return (
    <li {...(isTop ? { id: `step-${step.number}` } : {})} className={`step ${look}`}>
      <Fold isOpen={isOpened || isRunning || isWanted || isSmallTree} summary={<StepLine step={step} look={look} within={within} />}>
        {() => (
          <div className="step-body">
            <Waited step={step} />
            <StepLinks page={page} one={one} />
            {live && <LiveTail log={live.log} />}
            {below > 0 && (
              <ul className="plain tree">
                {taken.map((one) => (
                  <SubBuild key={one.build.buildid} child={one} taken={one} within={within} />
                ))}
                {triggered.map((child) => (
                  <SubBuild key={child.build.buildid} child={child} within={within} />
                ))}
              </ul>
            )}
          </div>
        )}
      </Fold>
    </li>
  );
}

/** Opened by what happens until somebody has opened or closed it; what is in it is made when it is open. */
function Fold({ isOpen, summary, children }: { isOpen: boolean; summary: ReactNode; children: () => ReactNode }): ReactNode {
  const [chosen, setChosen] = useState<boolean | null>(null);
  const isShown = chosen ?? isOpen;
  return (
    <details open={isShown} onToggle={({ currentTarget: { open } }) => open !== isShown && setChosen(open)}>
      <summary>{summary}</summary>
      {isShown && children()}
    </details>
  );
}

function StepLine({ step, look, within }: { step: Step; look: Look; within: Span }): ReactNode {
  return (
    <>
      <Mark look={look} />
      <span className="step-name">{step.name}</span>
      <span className="step-state muted">{step.state_string}</span>
      <Bar within={within} from={step.started_at} ran={step.locks_acquired_at} to={step.complete_at} look={look} />
      <span className="step-time">
        <Duration from={step.started_at} to={step.complete_at} />
      </span>
    </>
  );
}

function Waited({ step }: { step: Step }): ReactNode {
  const { started_at: from, locks_acquired_at: ran } = step;
  if (from === null || ran === null || ran <= from) return null;
  return <p className="muted small">{text.common.locked(formatDuration(ran - from))}</p>;
}

function StepLinks({ page, one: { step, logs } }: { page: BuildPage; one: StepWithLogs }): ReactNode {
  const urls = Array.isArray(step.urls) ? (step.urls as { name: string; url: string }[]) : [];
  return (
    <ul className="logs">
      {logs?.map((log) => (
        <li key={log.logid}>
          <LogLink build={page.build} step={step} log={log}>
            {log.name}
          </LogLink>{" "}
          <span className="muted small">{text.build.logLines(log.num_lines)}</span>
        </li>
      ))}
      {urls.map(({ name, url }) => (
        <li key={name}>
          <StepUrl name={name} url={url} />
        </li>
      ))}
      {logs?.length === 0 && urls.length === 0 && <li className="muted">{text.build.noLogs}</li>}
    </ul>
  );
}

/** A link that a step has given; those into these pages stay in them. */
function StepUrl({ name, url }: { name: string; url: string }): ReactNode {
  const safe = safeUrl(url);
  if (safe === undefined) return <span>{name}</span>;
  const own = config().buildbotURL;
  if (safe.startsWith(`${own}#/`)) return <a href={safe.slice(own.length)}>{name}</a>;
  return (
    <a href={safe} {...ELSEWHERE}>
      {name}
    </a>
  );
}

/** A triggered build among the steps; its own are read when it is opened. */
function SubBuild({ child, taken, within }: { child: NamedBuild; taken?: TakenOver; within: Span }): ReactNode {
  const { build } = child;
  const look = lookOf(build.results);
  const line = (
    <>
      <Mark look={look} />
      <span className="step-name">{nameOf(child)}</span>
      {taken ? (
        <>
          <span className="step-state">{taken.taken_from ? text.build.takenOverFrom(taken.taken_from.number) : text.build.takenOver}</span>
          <span className="bar" aria-hidden="true" />
        </>
      ) : (
        <>
          <span className="step-state muted">{build.state_string}</span>
          <Bar within={within} from={build.started_at} ran={build.started_at} to={build.complete_at} look={look} />
        </>
      )}
      <span className="step-time">
        <Duration from={build.started_at} to={build.complete_at} />
      </span>
    </>
  );
  return (
    <li className={`step sub-build ${look}${taken ? " taken" : ""}`}>
      <Fold isOpen={false} summary={line}>
        {() => (
          <div className="step-body">
            <NamedLink one={child} />
            <StepsOf id={build.buildid} within={taken ? { begin: build.started_at, end: build.complete_at ?? build.started_at } : within} />
          </div>
        )}
      </Fold>
    </li>
  );
}

function StepsOf({ id, within }: { id: number; within: Span }): ReactNode {
  const path = `pages/builds/${id}`;
  const query = useQuery({ queryKey: [path], queryFn: ({ signal }) => getOne<BuildPage>(path, signal) });
  if (query.error) return <Problem error={query.error} />;
  return query.data ? <StepList page={query.data} within={within} /> : <Loading />;
}
