/** What differs between the sources of two builds. */

import type { SourceDifference, SourceStamp } from "../api/schema";

const PLAIN = ["revision", "branch", "repository", "project"] as const;

export interface SourceRow {
  readonly codebase: string;
  readonly of: (typeof PLAIN)[number] | "patch";
  /** The value; of a patch its number and who has written it. Null and "" stand for none. */
  readonly was: string | null;
  readonly becomes: string | null;
}

/** One row for each thing that is another one; for a codebase that comes or goes one at least. */
export function sourceRows(sources: readonly SourceDifference[]): SourceRow[] {
  return sources.flatMap(({ codebase, was, becomes }) => {
    const row = (of: SourceRow["of"], valueOf: (stamp: SourceStamp) => string | null | undefined): SourceRow => ({
      codebase,
      of,
      was: (was && valueOf(was)) ?? null,
      becomes: (becomes && valueOf(becomes)) ?? null,
    });
    const rows = PLAIN.map((name) => row(name, (stamp) => stamp[name])).filter((one) => (one.was || null) !== (one.becomes || null));
    if (was?.patch?.patchid !== becomes?.patch?.patchid) rows.push(row("patch", ({ patch }) => patch && `${patch.patchid} ${patch.author}`.trim()));
    return rows.length > 0 || (was && becomes) ? rows : [row("revision", ({ revision }) => revision)];
  });
}
