/** What a page will look like, roughly, before anything of it is known. */

/** Rows of a table; a head and cards; a build: its head, what it says first, and its steps. */
export type Shape = "rows" | "cards" | "build";

/** How many pieces stand for each. */
export const PIECES: Readonly<Record<Shape, number>> = { rows: 10, cards: 5, build: 9 };

const BUILD = /^\/(?:builders\/[^/]+\/builds|builds)\/[^/]+$/;
const ROWS = /^\/(?:[^/]+|graph\/(?:runs|schedules)|builders\/[^/]+(?:\/builds\/[^/]+)?\/tests|.*\/logs\/[^/]+)$/;
const CARDS = /^\/(?:|about|account|settings)$/;

/** The shape of the page at an address. */
export function shapeOf(path: string): Shape {
  if (BUILD.test(path)) return "build";
  return ROWS.test(path) && !CARDS.test(path) ? "rows" : "cards";
}
