/** Documents that are shown, kept up to date by events. */

import { QueryClient, useQuery, useQueryClient, type UseQueryResult } from "@tanstack/react-query";
import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import type { Merge } from "../lib/merge";
import { ApiError, getOne, getRows } from "./client";
import { Live, type Connection } from "./live";
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

export const live = new Live(() => void queries.invalidateQueries());

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

/** One document. */
export function useOne<T>(path: string, options: Options<T> = {}): UseQueryResult<T> {
  return useDocument([path], (signal) => getOne<T>(path, signal), options);
}

/** A list of documents. */
export function useRows<T>(path: string, options: Options<T[]> = {}): UseQueryResult<T[]> {
  return useDocument([path, "rows"], (signal) => getRows<T>(path, signal), options);
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
  // subscribe first, then read: nothing that happens between is missed
  const [heard, setHeard] = useState("");
  const wanted = `${name} ${topics}`;
  useEffect(() => {
    if (!enabled || !topics) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let last = 0;
    const reread = (): void => {
      timer = undefined;
      last = Date.now();
      void client.invalidateQueries({ queryKey: latest.current.key });
    };
    const subscription = live.subscribe(topics.split(" "), (event) => {
      const { key, merge } = latest.current;
      const before = client.getQueryData<T>(key);
      // what is being read may be older than this event
      const isRead = client.isFetching({ queryKey: key }) > 0;
      const after = merge && before !== undefined && !isRead ? merge(before, event) : null;
      if (after === null) timer ??= setTimeout(reread, Math.max(0, last + REREAD_MS - Date.now()));
      else if (after !== before) client.setQueryData<T>(key, after);
    });
    let ended = false;
    void subscription.heard.then(() => {
      if (ended) return;
      if (client.getQueryData(latest.current.key) !== undefined) reread(); // it was kept, and nobody has told its changes since
      setHeard(wanted);
    });
    return () => {
      ended = true;
      clearTimeout(timer);
      subscription.end();
    };
  }, [client, topics, wanted, enabled]);
  return useQuery<T>({ queryKey: key, queryFn: ({ signal }) => read(signal), enabled: enabled && (!topics || heard === wanted) });
}
