/** How what is staged looks, and how large it is. */

import { text } from "../text";
import type { Look } from "./results";

const LOOKS: Readonly<Record<string, Look>> = {
  STAGING: "running", STAGED: "success", FAILED: "failure", READY: "success", AWAITING_UPLOAD: "waiting", PROCESSING_UPLOAD: "running", COPYING: "running", EXPIRED: "skipped",
};

/** The look and the word for a state of a package, a staging, a droplet or a buildpack. */
export function stateOf(state: string): { look: Look; label: string } {
  return { look: LOOKS[state] ?? "exception", label: text.staging.state[state] ?? state };
}

const UNITS = ["B", "kB", "MB", "GB", "TB"];

/** `4.7 kB`; 1 kB is 1,000 bytes. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  return `${unit === 0 || value >= 99.5 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}
