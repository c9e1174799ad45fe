/** How far a running build is. */

import type { ReactNode } from "react";
import { progressOf, roughly } from "../lib/progress";
import { formatDuration } from "../lib/time";
import { text } from "../text";
import { useNow } from "./basics";

/**
 * A bar, and how long it will take yet; nothing where nobody can say.
 * @param typical how many seconds such builds take
 */
export function Expected({ from, typical }: { from: number; typical: number | null }): ReactNode {
  const now = useNow(typical !== null);
  const progress = progressOf(from, typical, now);
  if (progress === null || typical === null) return null;
  const told = progress.left >= 0 ? text.progress.left(formatDuration(roughly(progress.left))) : text.progress.late(formatDuration(typical));
  return (
    <span className={`expected ${progress.left < 0 ? "late" : ""}`}>
      <progress value={progress.share} max={1} aria-label={text.progress.label} />
      <small className="muted">{told}</small>
    </span>
  );
}
