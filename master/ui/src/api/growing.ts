/** Lists that are read piece by piece as somebody scrolls, and kept up to date by events. */

import { useEffect, useRef, useState } from "react";
import { withHead, withMore, type Order, type Piece } from "../lib/growing";
import type { LiveEvent } from "../lib/merge";
import { getDocument } from "./client";
import { live } from "./live";
import { useDocument } from "./queries";

export interface GrowingRows<T> {
  readonly data: readonly T[] | undefined;
  readonly error: Error | null;
  readonly refetch: () => unknown;
  /** How many there are in all; null if nobody has counted. */
  readonly total: number | null;
  readonly hasMore: boolean;
  readonly isReading: boolean;
  /** Why the piece behind could not be read. */
  readonly problem: string;
  readonly more: () => void;
}

interface Options<T> extends Order<T> {
  readonly events?: readonly string[];
  /** What an event changes in the rows at once; the begin of the list is read again as well. */
  readonly apply?: (rows: readonly T[], event: LiveEvent) => readonly T[];
  readonly limit?: number;
}

interface Kept<T> {
  readonly path: string;
  readonly head: Piece<T> | undefined;
  readonly piece: Piece<T> | undefined;
}

const ROWS = 100;

/** A piece of a collection, whose bounds stand in its address. */
export async function readPiece<T>(address: string, signal?: AbortSignal): Promise<Piece<T>> {
  const { meta, ...lists } = await getDocument(address, signal);
  const [rows] = Object.values(lists);
  const { next, total } = meta as { next?: string | null; total?: number | null };
  return { rows: rows as T[], next: next ?? null, total: total ?? null };
}

/** @param path of a collection, with filters and order, without bounds */
export function useGrowingRows<T>(path: string, options: Options<T>): GrowingRows<T> {
  const { events = [], limit = ROWS } = options;
  const from = (after: string): string => `${path}${path.includes("?") ? "&" : "?"}limit=${limit}&after=${encodeURIComponent(after)}`;
  const head = useDocument<Piece<T>>([path, "growing"], (signal) => readPiece<T>(from(""), signal), { events });
  const [kept, setKept] = useState<Kept<T>>({ path, head: undefined, piece: undefined });
  const [reading, setReading] = useState<string | null>(null);
  const [problem, setProblem] = useState("");
  if (kept.path !== path || kept.head !== head.data) {
    const before = kept.path === path ? kept.piece : undefined;
    setKept({ path, head: head.data, piece: head.data && withHead(before, head.data, options) });
  }
  const apply = useRef(options.apply);
  useEffect(() => {
    apply.current = options.apply;
  });
  const topics = options.apply ? events.join(" ") : "";
  useEffect(() => {
    if (!topics) return;
    const subscription = live.subscribe(topics.split(" "), (event) =>
      setKept((now) => (now.piece && apply.current ? { ...now, piece: { ...now.piece, rows: apply.current(now.piece.rows, event) } } : now)),
    );
    return () => subscription.end();
  }, [topics]);
  const present = kept.path === path ? kept.piece : undefined;
  const next = present?.next ?? null;
  const isReading = reading === path;
  const more = (): void => {
    if (next === null || isReading) return;
    setReading(path);
    setProblem("");
    readPiece<T>(from(next))
      .then((piece) => setKept((now) => (now.path === path && now.piece?.next === next ? { ...now, piece: withMore(now.piece, piece, options) } : now)))
      .catch((error: unknown) => setProblem(error instanceof Error ? error.message : String(error)))
      .finally(() => setReading(null));
  };
  return { data: present?.rows, error: head.error, refetch: head.refetch, total: present?.total ?? null, hasMore: next !== null, isReading, problem, more };
}
