/** Why requests wait: asked for those that are in sight, with one question for all. */

import { useCallback, useEffect, useRef, useState } from "react";
import type { Reason, RequestReasons } from "./schema";
import { useRows } from "./queries";

/** The master tells of so many at once. */
const AT_ONCE = 60;
const PAUSE_MS = 150;
const EVENTS = ["builds/*/new", "builds/*/finished", "workers/*/*"];

export interface ReasonsInSight {
  /** By request; those that nobody has asked for yet are not there. */
  readonly reasons: ReadonlyMap<number, readonly Reason[] | null>;
  /** To be given to an element of each request, as its `ref`. */
  readonly watch: (request: number) => (element: HTMLElement | null) => (() => void) | undefined;
}

export function useReasonsInSight(): ReasonsInSight {
  const [asked, setAsked] = useState<readonly number[]>([]);
  const inSight = useRef(new Set<number>());
  const requests = useRef(new Map<Element, number>());
  const observer = useRef<IntersectionObserver>(undefined);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const tell = useCallback((): void => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      const seen = [...inSight.current].sort((a, b) => a - b).slice(0, AT_ONCE);
      // what has only left the screen is no reason to ask anew
      setAsked((before) => (seen.every((request) => before.includes(request)) ? before : seen));
    }, PAUSE_MS);
  }, []);
  useEffect(() => () => clearTimeout(timer.current), []);
  const watch = useCallback(
    (request: number) => (element: HTMLElement | null) => {
      if (!element) return undefined;
      observer.current ??= new IntersectionObserver((entries) => {
        for (const { target, isIntersecting } of entries) {
          const seen = requests.current.get(target);
          if (seen === undefined) continue;
          if (isIntersecting) inSight.current.add(seen);
          else inSight.current.delete(seen);
        }
        tell();
      });
      requests.current.set(element, request);
      observer.current.observe(element);
      return () => {
        observer.current?.unobserve(element);
        requests.current.delete(element);
        if (inSight.current.delete(request)) tell();
      };
    },
    [tell],
  );
  const query = useRows<RequestReasons>(`pages/reasons?${asked.map((id) => `buildrequestid=${id}`).join("&")}`, { events: EVENTS, enabled: asked.length > 0 });
  const [known, setKnown] = useState<{ seen: unknown; reasons: ReadonlyMap<number, readonly Reason[] | null> }>({ seen: undefined, reasons: new Map() });
  if (query.data && query.data !== known.seen)
    setKnown({ seen: query.data, reasons: new Map([...known.reasons, ...query.data.map((one) => [one.buildrequestid, one.reasons] as const)]) });
  return { reasons: known.reasons, watch };
}
