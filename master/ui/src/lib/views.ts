/** Builds beside each other: by builder, by revision. */

import type { Build, Builder } from "../api/schema";

/** The builders that have built something, each with its builds in the order given. */
export function columnsOf(builders: readonly Builder[], builds: readonly Build[]): { builder: Builder; builds: Build[] }[] {
  const by = new Map<number, Build[]>(builders.map((builder) => [builder.builderid, []]));
  for (const build of builds) by.get(build.builderid)?.push(build);
  return builders.map((builder) => ({ builder, builds: by.get(builder.builderid) ?? [] })).filter((one) => one.builds.length > 0);
}

/** The revision that a build has used; empty if none is known. With several codebases: that of the first one. */
export function revisionOf(build: Build): string {
  const properties = build.properties ?? {};
  for (const name of ["got_revision", "revision"]) {
    const value = properties[name]?.[0];
    if (typeof value === "string" && value) return value;
    if (typeof value === "object" && value !== null) {
      const first = Object.values(value).find((one) => typeof one === "string" && one);
      if (typeof first === "string") return first;
    }
  }
  return "";
}

/** The newest build of each builder for each revision. `builds` are given newest first. */
export function tableOf(builds: readonly Build[]): Map<string, Map<number, Build>> {
  const table = new Map<string, Map<number, Build>>();
  for (const build of builds) {
    const revision = revisionOf(build);
    if (!revision) continue;
    const row = table.get(revision) ?? new Map<number, Build>();
    if (!row.has(build.builderid)) row.set(build.builderid, build);
    table.set(revision, row);
  }
  return table;
}
