/** Documents that are shown, kept up to date by events. */

import { QueryClient, useQuery, useQueryClient, type Query, type UseQueryResult } from "@tanstack/react-query";
import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import type { Merge } from "../lib/merge";
import { ApiError, getDocument, getOne, onlyOf, rowsOf } from "./client";
import { takeEarly } from "./early";
import { live, type Connection, type Told } from "./live";
import type { Builder } from "./schema";

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: Infinity, // events say when something has changed
      gcTime: 5 * 60_000,
      refetchOnWindowFocus: false,
      retry: (count, error) => count < 2 && error instanceof ApiError && error.isPassing,
    },
  },
});

/** Documents that are read again as soon as the present reading, which may be older than what has happened, has ended. */
const waiting = new Set<Query>();

/** Have a document read again. What is being read is not cut off: where much happens it would never come to an end. */
async function readAgain(query: Query | undefined): Promise<void> {
  if (!query || waiting.has(query)) return;
  waiting.add(query);
  while (query.state.fetchStatus === "fetching") {
    await query.promise?.catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve)); // its end is noted behind that
  }
  waiting.delete(query);
  await queries.invalidateQueries({ queryKey: query.queryKey, exact: true });
}

live.onStale = () => queries.getQueryCache().getAll().forEach((query) => void readAgain(query));

/** By the name of a document: the newest event of which the master had told when it was read last. */
const readAfter = new Map<string, Told | null>();
queries.getQueryCache().subscribe(({ type, query }) => type === "removed" && readAfter.delete(query.queryKey.join(" ")));

/** Documents are read again at most this often because of events. */
const REREAD_MS = 1_000;

/** How the connection to the master is. */
export function useConnection(): Connection {
  return useSyncExternalStore(
    (listener) => live.onState(listener),
    () => live.state,
  );
}

/** The number of a builder that an address names by its number or its name; undefined until it is known. */
export function useBuilderId(named: string): UseQueryResult<string> {
  const isNumber = /^\d+$/.test(named);
  return useQuery({
    queryKey: ["builder", named],
    queryFn: async ({ signal }) => String((await getOne<Builder>(`builders/${encodeURIComponent(named)}`, signal)).builderid),
    enabled: !isNumber,
    ...(isNumber ? { initialData: named } : {}),
  });
}

interface Options<T> {
  /** Paths of the events that change it. */
  readonly events?: readonly string[];
  /** What an event changes; without it every event has it read again. */
  readonly merge?: Merge<T>;
  readonly enabled?: boolean;
}

const read = (path: string, signal: AbortSignal): Promise<Record<string, unknown>> => takeEarly(path) ?? getDocument(path, signal);

/** One document. */
export function useOne<T>(path: string, options: Options<T> = {}): UseQueryResult<T> {
  return useDocument([path], async (signal) => onlyOf<T>(await read(path, signal)), options);
}

/** A list of documents. */
export function useRows<T>(path: string, options: Options<T[]> = {}): UseQueryResult<T[]> {
  return useDocument([path, "rows"], async (signal) => rowsOf<T>(await read(path, signal)), options);
}

/** A document that is read in a way of its own; see `useOne`. */
export function useDocument<T>(key: readonly string[], read: (signal: AbortSignal) => Promise<T>, options: Options<T>): UseQueryResult<T> {
  const client = useQueryClient();
  const { events = [], enabled = true } = options;
  const topics = events.join(" ");
  const name = key.join(" ");
  const latest = useRef({ key, merge: options.merge });
  useEffect(() => {
    latest.current = { key, merge: options.merge };
  });
  // it is read when its events are heard; or before, where the master can say then whether something has happened between
  const [readable, setReadable] = useState("");
  const wanted = `${name} ${topics}`;
  useEffect(() => {
    if (!enabled || !topics) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let last = 0;
    const reread = (): void => {
      timer = undefined;
      last = Date.now();
      void readAgain(client.getQueryCache().find({ queryKey: latest.current.key }));
    };
    const isKept = client.getQueryData(latest.current.key) !== undefined;
    const since = isKept ? readAfter.get(name) : live.told;
    const isRead = isKept || live.isBeginning(since);
    const subscription = live.subscribe(
      topics.split(" "),
      (event) => {
        const { key, merge } = latest.current;
        const before = client.getQueryData<T>(key);
        // what is being read may be older than this event
        const isFetched = client.isFetching({ queryKey: key }) > 0;
        const after = merge && before !== undefined && !isFetched ? merge(before, event) : null;
        if (after === null) timer ??= setTimeout(reread, Math.max(0, last + REREAD_MS - Date.now()));
        else if (after !== before) client.setQueryData<T>(key, after);
      },
      since,
    );
    if (isRead) setReadable(wanted);
    let ended = false;
    void subscription.heard.then((isWhole) => {
      if (ended) return;
      if (isRead && !isWhole) reread();
      setReadable(wanted);
    });
    return () => {
      ended = true;
      clearTimeout(timer);
      subscription.end();
    };
  }, [client, name, topics, wanted, enabled]);
  const queryFn = ({ signal }: { signal: AbortSignal }): Promise<T> => {
    readAfter.set(name, live.told);
    return read(signal);
  };
  return useQuery<T>({ queryKey: key, queryFn, enabled: enabled && (!topics || readable === wanted) });
}
