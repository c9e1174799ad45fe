/** The charts of pages. */

import { lazy, Suspense, useMemo, useState, type ReactNode } from "react";
import type { Build } from "../api/schema";
import { useRows } from "../api/queries";
import { durationsOf, trend, utilisation, type Timed } from "../lib/charts";
import { formatDuration, formatInstant } from "../lib/time";
import { text } from "../text";
import { Empty, Section } from "./basics";

const Chart = lazy(() => import("./Chart"));

const BUILDS_OF_BUILDER = 200;
const BUILDS_OF_ALL = 500;
const FIELDS = ["builderid", "buildid", "complete", "number", "started_at", "complete_at", "results"].map((name) => `field=${name}`).join("&");
const PERCENTS = [25, 50, 100];
const SECONDS = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200, 14_400, 28_800, 86_400];
const percent = (value: number): string => (value > 0 && value < 1 ? "< 1 %" : `${Math.round(value)} %`);

const durationText = (seconds: number): string => (seconds === 0 ? "0" : formatDuration(seconds));

function Frame({ title, none, children }: { title: string; none: string; children: ReactNode | null }): ReactNode {
  return <Section title={title}>{children === null ? <Empty>{none}</Empty> : <Suspense fallback={<div className="chart-place" />}>{children}</Suspense>}</Section>;
}

/** How long the newest builds of a builder took. */
export function Durations({ builder }: { builder: number }): ReactNode {
  const query = useRows<Build>(`builders/${builder}/builds?complete=true&order=-number&limit=${BUILDS_OF_BUILDER}&${FIELDS}`, { events: [`builders/${builder}/builds/*/finished`] });
  return query.data ? <DurationsOf builds={query.data} title={text.charts.durations} /> : null;
}

/** How long builds of a builder took. */
export function DurationsOf({ builds, title }: { builds: readonly Timed[]; title: string }): ReactNode {
  const found = useMemo(() => durationsOf(builds), [builds]);
  const isEmpty = found.numbers.length === 0;
  return (
    <Frame title={title} none={text.charts.noDurations}>
      {isEmpty ? null : (
        <Chart
          told={text.charts.durationsTold(found.numbers.length, formatDuration(found.median), formatDuration(found.longest))}
          places={found.numbers}
          series={[
            { label: text.charts.good, values: found.good, colour: "good" },
            { label: text.charts.bad, values: found.bad, colour: "bad" },
          ]}
          placeLabel={text.common.build}
          placeText={text.common.number}
          valueText={durationText}
          steps={SECONDS}
          kind="bars"
        />
      )}
    </Frame>
  );
}

/**
 * How busy a worker was.
 * @param isWhole the builds are all that it has had, not only the newest
 */
export function Utilisation({ builds, now, isWhole }: { builds: readonly Timed[]; now: number; isWhole: boolean }): ReactNode {
  const found = useMemo(() => utilisation(builds, now, isWhole), [builds, now, isWhole]);
  return (
    <Frame title={text.charts.busy} none={text.charts.noBuilds}>
      {builds.length === 0 ? null : (
        <Chart
          told={text.charts.busyTold(percent(found.percent), formatDuration(found.span))}
          places={found.starts}
          series={[{ label: text.charts.percent, values: found.percents, colour: "run" }]}
          placeLabel={text.charts.from}
          placeText={formatInstant}
          valueText={percent}
          steps={PERCENTS}
          kind="bars"
          isTime
          top={100}
        />
      )}
    </Frame>
  );
}

/** How many builds of some builders were good; read when somebody opens it. */
export function Trend({ builders }: { builders: ReadonlySet<number> }): ReactNode {
  const [isOpen, setOpen] = useState(false);
  return (
    <details className="card fold" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <h2>{text.charts.trend}</h2>
      </summary>
      {isOpen && <TrendChart builders={builders} />}
    </details>
  );
}

function TrendChart({ builders }: { builders: ReadonlySet<number> }): ReactNode {
  const query = useRows<Build>(`builds?complete=true&order=-buildid&limit=${BUILDS_OF_ALL}&${FIELDS}`, { events: ["builds/*/finished"] });
  const found = useMemo(() => {
    const builds = query.data?.filter((build) => builders.has(build.builderid));
    return builds ? trend(builds, Math.max(0, ...builds.map((build) => build.complete_at ?? 0))) : null;
  }, [query.data, builders]);
  if (!found) return <div className="chart-place" />;
  if (found.rated === 0) return <Empty>{text.charts.noBuilds}</Empty>;
  return (
    <Suspense fallback={<div className="chart-place" />}>
      <Chart
        told={text.charts.trendTold(found.good, found.rated, formatDuration(found.span))}
        places={found.starts}
        series={[{ label: text.charts.percentGood, values: found.percents, colour: "good" }]}
        placeLabel={text.charts.from}
        placeText={formatInstant}
        valueText={percent}
        steps={PERCENTS}
        kind="line"
        isTime
        top={100}
      />
    </Suspense>
  );
}
