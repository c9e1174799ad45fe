/** The charts of pages. */

import { lazy, Suspense, useMemo, type ReactNode } from "react";
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
const percent = (value: number): string => `${Math.round(value)} %`;

function Frame({ title, none, children }: { title: string; none: string; children: ReactNode | null }): ReactNode {
  return <Section title={title}>{children === null ? <Empty>{none}</Empty> : <Suspense fallback={<div className="chart-place" />}>{children}</Suspense>}</Section>;
}

/** How long the builds of a builder took. */
export function Durations({ builder }: { builder: number }): ReactNode {
  const query = useRows<Build>(`builders/${builder}/builds?complete=true&order=-number&limit=${BUILDS_OF_BUILDER}&${FIELDS}`, { events: [`builders/${builder}/builds/*/finished`] });
  const found = useMemo(() => (query.data ? durationsOf(query.data) : null), [query.data]);
  if (!found) return null;
  const isEmpty = found.numbers.length === 0;
  return (
    <Frame title={text.charts.durations} none={text.charts.noDurations}>
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
          valueText={(minutes) => formatDuration(minutes * 60)}
          kind="bars"
        />
      )}
    </Frame>
  );
}

/** How busy a worker was; the builds are its newest ones. */
export function Utilisation({ builds, now }: { builds: readonly Timed[]; now: number }): ReactNode {
  const found = useMemo(() => utilisation(builds, now), [builds, now]);
  return (
    <Frame title={text.charts.busy} none={text.charts.noBuilds}>
      {builds.length === 0 ? null : (
        <Chart
          told={text.charts.busyTold(Math.round(found.percent), formatDuration(found.span))}
          places={found.starts}
          series={[{ label: text.charts.percent, values: found.percents, colour: "run" }]}
          placeLabel={text.charts.from}
          placeText={formatInstant}
          valueText={percent}
          kind="bars"
          isTime
          top={100}
        />
      )}
    </Frame>
  );
}

/** How many builds of some builders were good. */
export function Trend({ builders }: { builders: ReadonlySet<number> }): ReactNode {
  const query = useRows<Build>(`builds?complete=true&order=-buildid&limit=${BUILDS_OF_ALL}&${FIELDS}`, { events: ["builds/*/finished"] });
  const found = useMemo(() => {
    const builds = query.data?.filter((build) => builders.has(build.builderid));
    const newest = Math.max(0, ...(builds?.map((build) => build.complete_at ?? 0) ?? []));
    return builds ? trend(builds, newest) : null;
  }, [query.data, builders]);
  if (!found) return null;
  return (
    <Frame title={text.charts.trend} none={text.charts.noBuilds}>
      {found.rated === 0 ? null : (
        <Chart
          told={text.charts.trendTold(found.good, found.rated, formatDuration(found.span))}
          places={found.starts}
          series={[{ label: text.charts.percentGood, values: found.percents, colour: "good" }]}
          placeLabel={text.charts.from}
          placeText={formatInstant}
          valueText={percent}
          kind="line"
          isTime
          top={100}
        />
      )}
    </Frame>
  );
}
