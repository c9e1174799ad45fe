/** What the waterfall, the console and the grid show: builders, builds by time, changes with their builds; kept up to date by events. */

import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useState } from "react";
import { newestFirst, united, withHead, type Piece } from "../lib/growing";
import type { LooseBuild, NamedBuilder } from "../lib/console";
import type { LiveEvent, Merge } from "../lib/merge";
import { NAMED_BUILDERS } from "./early";
import { readPiece } from "./growing";
import { useDocument, useRows } from "./queries";
import type { Build, BuiltChange, TimedBuild } from "./schema";

/** A list with a way to older rows. */
export interface Growing<T> {
  readonly data: Piece<T> | undefined;
  readonly error: Error | null;
  readonly refetch: () => unknown;
  /** Reads one more piece; nothing while one is being read. */
  readonly more: () => void;
  readonly isReading: boolean;
  /** Why the last piece could not be read. */
  readonly problem: string;
}

/** The most builders that a request names; of more, all builds are read. */
export const MOST_NAMED = 100;
/** The most changes that are read again at once; of older ones only what events tell is new. */
const MOST_CHANGES = 100;
const MOST_RUNNING = 1_000;

export function useBuilders() {
  return useRows<NamedBuilder>(NAMED_BUILDERS, { events: ["builders/*/*"] });
}

interface Source<T> {
  readonly key: readonly string[];
  readonly id: (row: T) => number;
  /** The newest rows, with those before them that are there already. */
  readonly read: (before: Piece<T> | undefined, signal: AbortSignal) => Promise<Piece<T>>;
  readonly readMore: (next: string) => Promise<Piece<T>>;
  readonly events: readonly string[];
  readonly merge: Merge<Piece<T>>;
  readonly enabled?: boolean;
}

function useGrowingList<T>({ key, id, read, readMore, events, merge, enabled = true }: Source<T>): Growing<T> {
  const client = useQueryClient();
  const name = key.join(" ");
  const query = useDocument<Piece<T>>(key, (signal) => read(client.getQueryData<Piece<T>>(key), signal), { events, merge, enabled });
  const [reading, setReading] = useState("");
  const [problem, setProblem] = useState("");
  const next = query.data?.next ?? null;
  const more = useCallback((): void => {
    if (next === null || reading === name) return;
    setReading(name);
    setProblem("");
    readMore(next)
      .then((piece) => client.setQueryData<Piece<T>>(key, (before) => (before ? { rows: united(id, before.rows, piece.rows), next: piece.next } : piece)))
      .catch((error: unknown) => setProblem(error instanceof Error ? error.message : String(error)))
      .finally(() => setReading(""));
  }, [client, id, key, name, next, readMore, reading]);
  return { data: query.data, error: query.error, refetch: query.refetch, more, isReading: reading === name, problem };
}

// -- builds by time ------------------------------------------------------------------------

const buildId = (build: { readonly buildid: number }): number => build.buildid;

/**
 * Builds, newest first, and all that run.
 * @param builders only theirs; null: of all
 * @param piece so many at once
 */
export function useTimedBuilds(builders: readonly number[] | null, piece: number, enabled: boolean): Growing<TimedBuild> {
  const only = (builders ?? []).map((id) => `&builderid=${id}`).join("");
  const path = `pages/waterfall?limit=${piece}${only}`;
  return useGrowingList<TimedBuild>({
    key: [path],
    id: buildId,
    read: async (before, signal) => {
      const [newest, running] = await Promise.all([
        readPiece<TimedBuild>(`${path}&order=-buildid&after=`, signal),
        readPiece<TimedBuild>(`pages/waterfall?complete=false&order=-buildid&limit=${MOST_RUNNING}${only}`, signal),
      ]);
      const runs = new Set(running.rows.map(buildId));
      const { rows, next } = withHead(before, newest, newestFirst(buildId), (row) => row.complete || runs.has(row.buildid));
      return { rows: united(buildId, rows, running.rows), next };
    },
    readMore: (next) => readPiece<TimedBuild>(`${path}&after=${next}`),
    events: ["builds/*/new", "builds/*/update", "builds/*/finished"],
    merge: (document, event) => mergeTimed(document, event, builders),
    enabled,
  });
}

/** What a build says; one that begins has to be read, for its worker. */
export function mergeTimed(document: Piece<TimedBuild>, { key, message }: LiveEvent, builders: readonly number[] | null): Piece<TimedBuild> | null {
  const told = message as Build;
  if (builders !== null && !builders.includes(told.builderid)) return document;
  const at = document.rows.findIndex((row) => row.buildid === told.buildid);
  const before = document.rows[at];
  if (!before) return key.at(-1) === "new" ? null : document;
  if (before.complete && !told.complete) return document; // what was read is newer
  const { complete, complete_at, results, state_string } = told;
  return { ...document, rows: document.rows.with(at, { ...before, complete, complete_at, results, state_string }) };
}

// -- changes --------------------------------------------------------------------------------

export interface ChangeFilter {
  readonly branch?: string | undefined;
  readonly codebase?: string | undefined;
  readonly project?: string | undefined;
}

const changeId = (change: BuiltChange): number => change.changeid;

/** Changes with their builds, newest first. */
export function useBuiltChanges(filter: ChangeFilter, piece: number): Growing<BuiltChange> {
  const only = Object.entries(filter)
    .filter(([, value]) => value)
    .map(([name, value]) => `&${name}=${encodeURIComponent(String(value))}`)
    .join("");
  const path = `pages/changes?order=-changeid${only}`;
  return useGrowingList<BuiltChange>({
    key: [path, String(piece)],
    id: changeId,
    read: async (before, signal) => {
      const limit = Math.min(MOST_CHANGES, Math.max(piece, before?.rows.length ?? 0));
      return withHead(before, await readPiece<BuiltChange>(`${path}&limit=${limit}&after=`, signal), newestFirst(changeId));
    },
    readMore: (next) => readPiece<BuiltChange>(`pages/changes?limit=${piece}${only}&after=${next}`),
    events: ["changes/*/new", "builds/*/new", "builds/*/finished"],
    merge: mergeBuilt,
  });
}

/** What the end of a build changes; all else is read again. */
export const mergeBuilt: Merge<Piece<BuiltChange>> = (document, { key, message }) => {
  if (key[0] !== "builds" || key.at(-1) !== "finished") return null;
  const told = message as Build;
  const rows = document.rows.map((change) => {
    const at = change.builds?.findIndex((build) => build.buildid === told.buildid) ?? -1;
    const before = change.builds?.[at];
    return change.builds && before ? { ...change, builds: change.builds.with(at, { ...before, complete_at: told.complete_at, results: told.results }) } : change;
  });
  return rows.some((row, index) => row !== document.rows[index]) ? { ...document, rows } : document;
};

const LOOSE_FIELDS = ["builderid", "buildid", "complete_at", "number", "results", "started_at", "properties"].map((name) => `&field=${name}`).join("");

/** The newest builds with what tells their revision: some belong to no change. */
export function useLooseBuilds(limit: number) {
  return useRows<LooseBuild>(`builds?order=-buildid&limit=${limit}&property=got_revision&property=revision&property=branch${LOOSE_FIELDS}`, {
    events: ["builds/*/new", "builds/*/finished"],
    enabled: limit > 0,
    merge: mergeLoose,
  });
}

export const mergeLoose: Merge<LooseBuild[]> = (builds, { key, message }) => {
  const told = message as Build;
  const at = builds.findIndex((build) => build.buildid === told.buildid);
  const before = builds[at];
  if (!before) return key.at(-1) === "new" ? null : builds;
  // a checkout may have told its revision meanwhile
  return before.properties && Object.keys(before.properties).length ? builds.with(at, { ...before, complete_at: told.complete_at, results: told.results }) : null;
};
