/** Builds as a table. */

import type { ReactNode } from "react";
import type { Build } from "../api/schema";
import { text } from "../text";
import { Ago, BuildLink, Duration, Result } from "./basics";

/** @param names of builders by id; with it there is a column for them */
export function BuildTable({ builds, names }: { builds: readonly Build[]; names?: ReadonlyMap<number, string> }): ReactNode {
  return (
    <div className="scroll">
      <table className="stack">
        <thead>
          <tr>
            <th>{text.common.build}</th>
            <th>{text.common.result}</th>
            <th>{text.common.state}</th>
            <th>{text.common.started}</th>
            <th>{text.common.duration}</th>
          </tr>
        </thead>
        <tbody>
          {builds.map((build) => (
            <tr key={build.buildid}>
              <td className="nowrap">
                <BuildLink builder={build.builderid} number={build.number}>
                  {names ? text.common.ofBuilder(names.get(build.builderid) ?? String(build.builderid), build.number) : text.common.number(build.number)}
                </BuildLink>
              </td>
              <td className="nowrap">
                <Result results={build.results} />
              </td>
              <td className="text">{build.state_string}</td>
              <td className="nowrap">
                <Ago at={build.started_at} />
              </td>
              <td className="nowrap">
                <Duration from={build.started_at} to={build.complete_at} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
