/** Result codes as the data API has them, and what a page makes of them. */

export type Look = "success" | "warnings" | "failure" | "skipped" | "exception" | "retry" | "cancelled" | "running" | "waiting";

const LOOKS: readonly Look[] = ["success", "warnings", "failure", "skipped", "exception", "retry", "cancelled"];

/** A sign for each, so that nothing is told by colour alone. */
export const SIGNS: Record<Look, string> = {
  success: "✓",
  warnings: "!",
  failure: "✗",
  skipped: "»",
  exception: "‼",
  retry: "↻",
  cancelled: "⊘",
  running: "▶",
  waiting: "…",
};

/** How something looks: a code, or null while it runs. */
export function lookOf(results: number | null | undefined): Look {
  return results === null || results === undefined || results < 0 ? "running" : (LOOKS[results] ?? "exception");
}

/** Whether somebody has to do something about it. */
export function isBad(results: number | null | undefined): boolean {
  return results === 2 || results === 4;
}
