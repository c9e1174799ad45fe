/** The front page: whether all is well, what is broken, what runs and for how long yet, what waits and why, what has ended. */

import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { FrontPage } from "../api/schema";
import { config } from "../api/config";
import { useOne } from "../api/queries";
import { mergeFrontPage } from "../lib/merge";
import { formatDuration } from "../lib/time";
import { lookOf } from "../lib/results";
import { ELSEWHERE } from "../lib/links";
import { Ago, BuildLink, BuilderLink, Document, Duration, Empty, Mark, Result, Section, Withheld, WorkerLink, useNow, useTitle } from "../parts/basics";
import { DayChart } from "../parts/DayChart";
import { homePage } from "../parts/places";
import { Expected } from "../parts/Progress";
import { Reasons } from "../parts/Reasons";
import { text } from "../text";

const EVENTS = ["builds/*/*", "buildrequests/*/*", "workers/*/*", "masters/*/*", "builders/*/*"];

export default function Front(): ReactNode {
  const query = useOne<FrontPage>("pages/front", { events: EVENTS, merge: mergeFrontPage });
  const page = query.data;
  const broken = page?.broken_total ?? 0;
  const summary = page ? `${text.front.summary(broken, page.running_total ?? 0, page.waiting_total ?? 0)} · ` : "";
  useTitle(`${summary}${config().title}`, !page ? "neutral" : broken ? "bad" : page.running_total ? "running" : "good");
  return <Document query={query}>{(data) => <Body page={data} />}</Document>;
}

function Body({ page }: { page: FrontPage }): ReactNode {
  return (
    <>
      <Heading page={page} />
      <div className="front">
        <div className="front-column">
          <Broken page={page} />
          <Running page={page} />
          <Waiting page={page} />
        </div>
        <div className="front-column">
          <NotReady page={page} />
          <Recent page={page} />
        </div>
      </div>
      <Withheld parts={page.withheld} />
    </>
  );
}

/** The verdict, the numbers behind it, and how the last day went. */
function Heading({ page }: { page: FrontPage }): ReactNode {
  const { broken_total: broken, running_total: running, waiting_total: waiting, workers, masters, hours, hours_since: since } = page;
  const home = homePage();
  const up = masters?.filter((master) => master.active).length ?? 0;
  return (
    <header className={`card day ${broken === null ? "" : broken ? "failure" : "success"}`}>
      <div className="day-verdict">
        {broken === null ? <h1>{text.front.title}</h1> : <h1>{<Result look={broken ? "failure" : "success"} label={text.front.verdict(broken)} />}</h1>}
        <ul className="day-facts">
          {running !== null && <li>{text.front.allRunning(running)}</li>}
          {waiting !== null && (
            <li>
              <Link to="/pending">{text.front.allWaiting(waiting)}</Link>
            </li>
          )}
          {workers && (
            <li className={workers.connected < workers.total ? "warn" : ""}>
              <Link to="/workers">{text.front.workers(workers.connected, workers.total)}</Link>
            </li>
          )}
          {masters && (masters.length > 1 || up < masters.length) && (
            <li className={up < masters.length ? "warn" : ""}>
              <Link to="/masters">{text.front.masters(up, masters.length)}</Link>
            </li>
          )}
          {home && (
            <li>
              <a href={home} {...ELSEWHERE}>
                {text.front.home(config().title)}
              </a>
            </li>
          )}
        </ul>
      </div>
      {hours && since !== null && <DayChart hours={hours} since={since} />}
    </header>
  );
}

function Count({ n }: { n: number | null }): ReactNode {
  return n === null ? null : <span className="count">{n.toLocaleString()}</span>;
}

function Broken({ page }: { page: FrontPage }): ReactNode {
  const { broken, broken_total: total } = page;
  if (!broken?.length) return null; // the heading says so
  return (
    <Section title={text.front.broken} aside={<Count n={total} />}>
      <ul className="rows">
        {broken.map((one) => (
          <li key={one.builderid} className={`row edge ${lookOf(one.build.results)}`}>
            <Mark look={lookOf(one.build.results)} />
            <div className="grow">
              <div className="line">
                <strong>
                  <BuilderLink id={one.builderid}>{one.name}</BuilderLink>
                </strong>
                <BuildLink builder={one.builderid} number={one.build.number}>
                  {text.common.number(one.build.number)}
                </BuildLink>
                <Result results={one.build.results} />
              </div>
              <div className="muted line">
                <span>{text.front.since(one.since_number, one.build.number - one.since_number + 1)}</span>
                {one.good_number === null ? (
                  <span>{text.front.neverGood}</span>
                ) : (
                  <BuildLink builder={one.builderid} number={one.good_number}>
                    {text.front.lastGood(one.good_number)}
                  </BuildLink>
                )}
                {one.build.complete_at !== null && <Ago at={one.build.complete_at} />}
              </div>
            </div>
          </li>
        ))}
      </ul>
      <Rest shown={broken.length} total={total} to="/builders" />
    </Section>
  );
}

function Rest({ shown, total, to }: { shown: number; total: number | null; to: "/builders" | "/pending" }): ReactNode {
  if (total === null || total <= shown) return null;
  return (
    <p>
      <Link to={to}>{text.front.more(total - shown)}</Link>
    </p>
  );
}

function Running({ page }: { page: FrontPage }): ReactNode {
  const { running, running_total: total } = page;
  if (running === null) return null;
  return (
    <Section title={text.front.running} aside={<Count n={total} />}>
      {running.length === 0 && <Empty>{text.front.nothingRuns}</Empty>}
      <ul className="rows">
        {running.map(({ build, builder, typical_s, worker }) => (
          <li key={build.buildid} className="row edge running">
            <Mark look="running" />
            <div className="grow">
              <div className="line">
                <strong>
                  <BuilderLink id={build.builderid}>{builder}</BuilderLink>
                </strong>
                <BuildLink builder={build.builderid} number={build.number}>
                  {text.common.number(build.number)}
                </BuildLink>
                <Duration from={build.started_at} to={build.complete_at} />
                <Expected from={build.started_at} typical={typical_s} />
              </div>
              <div className="muted line">
                <span>{build.state_string}</span>
                {worker !== null && build.workerid !== null && <WorkerLink id={build.workerid}>{worker}</WorkerLink>}
              </div>
            </div>
          </li>
        ))}
      </ul>
      {total !== null && total > running.length && <p className="muted">{text.front.more(total - running.length)}</p>}
    </Section>
  );
}

function Waiting({ page }: { page: FrontPage }): ReactNode {
  const now = useNow();
  const { waiting, waiting_total: total } = page;
  if (waiting === null) return null;
  return (
    <Section title={text.front.waiting} aside={<Count n={total} />}>
      {waiting.length === 0 && <Empty>{text.front.nothingWaits}</Empty>}
      <ul className="rows">
        {waiting.map((line) => (
          <li key={line.builderid} className="row edge waiting">
            <Mark look="waiting" />
            <div className="grow">
              <div className="line">
                <strong>
                  <BuilderLink id={line.builderid}>{line.builder}</BuilderLink>
                </strong>
                <Link to="/buildrequests/$request" params={{ request: String(line.buildrequestid) }}>
                  {text.front.requests(line.length)}
                </Link>
                <span className="muted">{text.front.waitsFor(formatDuration(now - line.since))}</span>
              </div>
              <Reasons reasons={line.reasons} most={2} />
            </div>
          </li>
        ))}
      </ul>
      {total !== null && total > waiting.reduce((sum, line) => sum + line.length, 0) && <Rest shown={0} total={total} to="/pending" />}
    </Section>
  );
}

function NotReady({ page: { workers } }: { page: FrontPage }): ReactNode {
  if (!workers?.not_ready.length) return null;
  return (
    <Section title={text.front.notReady} aside={<Count n={workers.not_ready_total} />}>
      <ul className="plain">
        {workers.not_ready.map((worker) => (
          <li key={worker.workerid}>
            <WorkerLink id={worker.workerid}>{worker.name}</WorkerLink>{" "}
            <span className="warn">
              {!worker.connected ? text.workers.offline : worker.paused ? text.workers.paused : text.workers.graceful}
              {worker.paused && worker.pause_reason ? `: ${worker.pause_reason}` : ""}
            </span>
          </li>
        ))}
        {workers.not_ready_total > workers.not_ready.length && (
          <li className="muted">{text.front.more(workers.not_ready_total - workers.not_ready.length)}</li>
        )}
      </ul>
    </Section>
  );
}

function Recent({ page: { recent } }: { page: FrontPage }): ReactNode {
  if (recent === null) return null;
  return (
    <Section title={text.front.recent}>
      {recent.length === 0 ? (
        <Empty next={<Link to="/builders">{text.front.toBuilders}</Link>} hint={text.front.firstBuild}>
          {text.front.noRecent}
        </Empty>
      ) : (
        <ul className="rows recent">
          {recent.map(({ build, builder, builderid }) => (
            <li key={build.buildid} className="row">
              <Mark look={lookOf(build.results)} />
              <span className="grow line">
                <BuilderLink id={builderid}>{builder}</BuilderLink>
                <BuildLink builder={builderid} number={build.number}>
                  {text.common.number(build.number)}
                </BuildLink>
              </span>
              <span className="muted nowrap">
                <Duration from={build.started_at} to={build.complete_at} />
              </span>
              <span className="muted nowrap recent-when">{build.complete_at !== null && <Ago at={build.complete_at} />}</span>
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}
