/** Long lists that are drawn as far as somebody looks. */

import { useEffect, useRef, useState, type ReactNode } from "react";

/** Parts that are drawn at once. */
const PIECE = 60;

interface Growing {
  /** How many to draw. */
  readonly shown: number;
  /** To be put behind them: more are drawn when it comes into sight. */
  readonly end: ReactNode;
}

/** @param total how many there are */
export function useGrowing(total: number, piece = PIECE): Growing {
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
