/** Long lists that are drawn as far as somebody looks. */

import { useEffect, useRef, useState, type ReactNode } from "react";
import { useSetting } from "./settings";
import { text } from "../text";

interface Growing {
  /** How many to draw. */
  readonly shown: number;
  /** To be put behind them: more are drawn when it comes into sight. */
  readonly end: ReactNode;
}

/** The most that are drawn at first: more than a screen shows. */
const FIRST = 25;

/** How many were drawn of the longest list at an entry of the browser's history: the way back finds its place on the page. */
const drawnAt = new Map<string, number>();

/**
 * @param total how many there are
 * @param chunk how many are drawn at once as somebody scrolls; as the settings say without it
 */
export function useGrowing(total: number, chunk?: number): Growing {
  const rows = useSetting("Pages.rows");
  const piece = chunk ?? rows;
  const [place] = useState(() => (history.state as { __TSR_key?: string } | null)?.__TSR_key ?? "");
  const [drawn, setDrawn] = useState(() => drawnAt.get(place) ?? Math.min(piece, FIRST));
  useEffect(() => {
    if (place && drawn > (drawnAt.get(place) ?? 0)) drawnAt.set(place, drawn);
  }, [place, drawn]);
  const end = useRef<HTMLSpanElement>(null);
  const hasMore = drawn < total;
  useEffect(() => {
    const element = end.current;
    if (!hasMore || !element) return;
    // observed anew after each piece: it may be in sight still
    const observer = new IntersectionObserver((entries) => entries.some((one) => one.isIntersecting) && setDrawn((before) => (before < piece ? piece : before + piece)));
    observer.observe(element);
    return () => observer.disconnect();
  }, [hasMore, drawn, piece]);
  return { shown: Math.min(drawn, total), end: hasMore ? <span ref={end} className="more-to-come" /> : null };
}

interface MoreProps {
  readonly hasMore: boolean;
  readonly isReading: boolean;
  readonly problem: string;
  readonly more: () => void;
}

/** The end of a list of which more is read when it comes into sight. */
export function More({ hasMore, isReading, problem, more }: MoreProps): ReactNode {
  const end = useRef<HTMLParagraphElement>(null);
  const latest = useRef(more);
  useEffect(() => {
    latest.current = more;
  });
  const wants = hasMore && !isReading && !problem;
  useEffect(() => {
    const element = end.current;
    if (!wants || !element) return;
    const observer = new IntersectionObserver((entries) => entries.some((one) => one.isIntersecting) && latest.current(), { rootMargin: "600px" });
    observer.observe(element);
    return () => observer.disconnect();
  }, [wants]);
  if (!hasMore) return null;
  return (
    <p ref={end} className="more-rows" role={problem ? "alert" : undefined}>
      {problem && <span className="error">{problem} </span>}
      <button type="button" disabled={isReading} onClick={more}>
        {isReading ? text.common.loading : text.common.more}
      </button>
    </p>
  );
}
