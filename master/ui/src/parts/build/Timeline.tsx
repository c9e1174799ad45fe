/** When something waited and ran, within the time of its build. */

import type { ReactNode } from "react";
import type { Look } from "../../lib/results";
import { placeOf, type Span } from "../../lib/timeline";

interface Times {
  readonly within: Span;
  readonly from: number | null;
  /** When it stopped waiting and began to run; null: it waits. */
  readonly ran: number | null;
  /** Null: it goes on. */
  readonly to: number | null;
  readonly look: Look;
}

/** Only for the eye: the same is told in words beside it. */
export function Bar({ within, from, ran, to, look }: Times): ReactNode {
  if (from === null) return <span className="bar" aria-hidden="true" />;
  const end = to ?? within.end;
  const waited = Math.min(ran ?? end, end);
  return (
    <svg className={`bar ${look}`} viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
      {waited > from && <rect className="waited" height="4" {...placeOf(within, from, waited)} />}
      {(ran !== null || waited === from) && <rect height="4" {...placeOf(within, waited, end)} />}
    </svg>
  );
}
