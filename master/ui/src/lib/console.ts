/** Changes and revisions with what the builders made of them, and builders in groups by their tags. */

import type { Build, Builder, BuiltChange, ChangeBuild } from "../api/schema";
import { lookOf, type Look } from "./results";

export type NamedBuilder = Pick<Builder, "builderid" | "name" | "tags" | "masterids">;
/** A build with what tells its revision. */
export type LooseBuild = ChangeBuild & Pick<Build, "properties">;

/** What the address of a view says: which builders and which changes are shown. */
export interface ViewSearch {
  readonly q?: string;
  readonly tags?: string;
  readonly branch?: string;
  readonly codebase?: string;
  readonly project?: string;
  readonly result?: string;
}

/** The tags of an address. */
export function tagsOf(search: Pick<ViewSearch, "tags">): string[] {
  return (search.tags ?? "").split(",").filter(Boolean);
}

/** A change; or a revision that no change has told of, and builds of which nobody knows the revision (then it is empty). */
export interface Row {
  readonly key: string;
  readonly change: BuiltChange | null;
  readonly revision: string;
  /** Of each builder, newest first. */
  readonly builds: ReadonlyMap<number, readonly ChangeBuild[]>;
  readonly hasMore: boolean;
}

/** The text of a property; of one that has a value for each codebase, the first. */
export function wordOf(properties: Build["properties"], ...names: readonly string[]): string {
  for (const name of names) {
    const value = (properties ?? {})[name]?.[0];
    if (typeof value === "string" && value) return value;
    if (typeof value === "object" && value !== null) {
      const first = Object.values(value).find((one) => typeof one === "string" && one);
      if (typeof first === "string") return first;
    }
  }
  return "";
}

/** The revision that a build has used; empty if none is known. */
export function revisionOf({ properties }: Pick<Build, "properties">): string {
  return wordOf(properties, "got_revision", "revision");
}

/**
 * A row for each change, newest first, and for each revision of `loose` builds that belong to none of the changes.
 * @param changes newest first
 * @param loose newest first; those that belong to a change already are passed over
 */
export function rowsOf(changes: readonly BuiltChange[], loose: readonly LooseBuild[]): Row[] {
  const known = new Set(changes.flatMap((change) => (change.builds ?? []).map((build) => build.buildid)));
  const others = new Map<string, LooseBuild[]>();
  for (const build of loose) {
    if (known.has(build.buildid)) continue;
    const revision = revisionOf(build);
    const of = others.get(revision);
    if (of) of.push(build);
    else others.set(revision, [build]);
  }
  const rows = changes.map((change): Row => {
    const more = change.revision ? (others.get(change.revision) ?? []) : [];
    if (change.revision) others.delete(change.revision);
    const builds = [...(change.builds ?? []), ...more].sort((a, b) => b.buildid - a.buildid);
    return { key: `change-${change.changeid}`, change, revision: change.revision ?? "", builds: byBuilder(builds), hasMore: change.more_builds };
  });
  const rest = [...others].map(([revision, builds]): Row => ({ key: `revision-${revision}`, change: null, revision, builds: byBuilder(builds), hasMore: false }));
  const unknown = rest.filter((row) => row.revision === "");
  for (const row of rest) {
    if (row.revision === "") continue;
    // before the first change that is older than what was built of it
    const newest = Math.max(...[...row.builds.values()].flat().map((build) => build.started_at));
    const place = rows.findIndex((other) => other.change !== null && other.change.when_timestamp <= newest);
    rows.splice(place < 0 ? rows.length : place, 0, row);
  }
  return [...rows, ...unknown];
}

function byBuilder(builds: readonly ChangeBuild[]): Map<number, ChangeBuild[]> {
  const found = new Map<number, ChangeBuild[]>();
  for (const build of builds) {
    const of = found.get(build.builderid);
    if (of) of.push(build);
    else found.set(build.builderid, [build]);
  }
  return found;
}

const WORST: readonly Look[] = ["exception", "failure", "running", "retry", "cancelled", "warnings", "success", "skipped"];

/** How several builds look together: as the worst of the newest of each builder. */
export function worstOf(looks: readonly Look[]): Look | null {
  return WORST.find((look) => looks.includes(look)) ?? looks[0] ?? null;
}

export interface Tally {
  /** Builders that have built something of it. */
  readonly built: number;
  readonly bad: number;
  readonly running: number;
  readonly look: Look | null;
}

/** What the newest builds of some builders say together. */
export function tallyOf(row: Row, builders: Iterable<number>): Tally {
  const looks: Look[] = [];
  for (const builder of builders) {
    const newest = row.builds.get(builder)?.[0];
    if (newest) looks.push(lookOf(newest.results));
  }
  const number = (...wanted: readonly Look[]): number => looks.filter((look) => wanted.includes(look)).length;
  return { built: looks.length, bad: number("failure", "exception"), running: number("running"), look: worstOf(looks) };
}

export interface Group {
  /** The tag; empty: builders without one. */
  readonly tag: string;
  readonly builders: readonly NamedBuilder[];
}

/** Each builder in the group of that of its tags that most builders have; larger groups first, those without a tag last. */
export function groupsOf(builders: readonly NamedBuilder[]): Group[] {
  const counts = new Map<string, number>();
  for (const { tags } of builders) for (const tag of tags) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  const size = (tag: string): number => counts.get(tag) ?? 0;
  const groups = new Map<string, NamedBuilder[]>();
  for (const builder of builders) {
    const [tag = ""] = [...builder.tags].sort((a, b) => size(b) - size(a) || a.localeCompare(b));
    const of = groups.get(tag);
    if (of) of.push(builder);
    else groups.set(tag, [builder]);
  }
  const names = (a: NamedBuilder, b: NamedBuilder): number => a.name.localeCompare(b.name);
  return [...groups]
    .map(([tag, of]) => ({ tag, builders: of.sort(names) }))
    .sort((a, b) => Number(a.tag === "") - Number(b.tag === "") || b.builders.length - a.builders.length || a.tag.localeCompare(b.tag));
}

/** Whether a builder is to be shown by its name and its tags. */
export function isWanted({ name, tags }: NamedBuilder, words: string, chosen: readonly string[]): boolean {
  return name.toLowerCase().includes(words.toLowerCase()) && chosen.every((tag) => tags.includes(tag));
}

/** The tags and how many builders have each, the most frequent first. */
export function countTags(builders: readonly Pick<Builder, "tags">[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const { tags } of builders) for (const tag of tags) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  return [...counts].sort(([a, m], [b, n]) => n - m || a.localeCompare(b));
}
