/** Builds as a table. */

import type { ReactNode } from "react";
import type { Build } from "../api/schema";
import { text } from "../text";
import { Ago, BuildLink, Duration, Result } from "./basics";
import { useSetting } from "./settings";
import { Table, type Column } from "./ListPage";
import { Expected } from "./Progress";

interface BuildTableProps {
  readonly builds: readonly Build[];
  /** Of builders by id; with them there is a column for them. */
  readonly names?: ReadonlyMap<number, string>;
  /** How many seconds such builds take: those that run tell how far they are. */
  readonly typical?: number | null;
}

export function BuildTable({ builds, names, typical = null }: BuildTableProps): ReactNode {
  const byEnd = useSetting("BuildsTable.build_time_base") === "Completion time";
  const columns: readonly Column<Build>[] = [
    {
      label: text.common.build,
      className: "nowrap",
      cell: ({ builderid, number }) => (
        <BuildLink builder={builderid} number={number}>
          {names ? text.common.ofBuilder(names.get(builderid) ?? String(builderid), number) : text.common.number(number)}
        </BuildLink>
      ),
    },
    { label: text.common.result, className: "nowrap", cell: ({ results }) => <Result results={results} /> },
    { label: text.common.state, className: "text", cell: ({ state_string }) => state_string },
    ...(byEnd
      ? [{ label: text.common.ended, className: "nowrap", cell: ({ complete_at }: Build) => complete_at !== null && <Ago at={complete_at} /> }]
      : [{ label: text.common.started, className: "nowrap", cell: ({ started_at }: Build) => <Ago at={started_at} /> }]),
    {
      label: text.common.duration,
      className: "nowrap",
      cell: (build) => (
        <span className="line">
          <Duration from={build.started_at} to={build.complete_at} />
          {!build.complete && <Expected from={build.started_at} typical={typical} />}
        </span>
      ),
    },
  ];
  return (
    <div className="scroll">
      <Table rows={builds} columns={columns} keyOf={(build) => build.buildid} />
    </div>
  );
}
