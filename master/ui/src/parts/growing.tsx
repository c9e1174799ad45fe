/** Long lists that are drawn as far as somebody looks. */

import { useEffect, useRef, useState, type ReactNode } from "react";
import { useSetting } from "./settings";

interface Growing {
  /** How many to draw. */
  readonly shown: number;
  /** To be put behind them: more are drawn when it comes into sight. */
  readonly end: ReactNode;
}

/**
 * @param total how many there are
 * @param chunk how many are drawn at once; as the settings say without it
 */
export function useGrowing(total: number, chunk?: number): Growing {
  const rows = useSetting("Pages.rows");
  const piece = chunk ?? rows;
  const [drawn, setDrawn] = useState(piece);
  const end = useRef<HTMLSpanElement>(null);
  const hasMore = drawn < total;
  useEffect(() => {
    const element = end.current;
    if (!hasMore || !element) return;
    // observed anew after each piece: it may be in sight still
    const observer = new IntersectionObserver((entries) => entries.some((one) => one.isIntersecting) && setDrawn((before) => before + piece));
    observer.observe(element);
    return () => observer.disconnect();
  }, [hasMore, drawn, piece]);
  return { shown: Math.min(drawn, total), end: hasMore ? <span ref={end} className="more-to-come" /> : null };
}
