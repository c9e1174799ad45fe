/** The documents of the page at which somebody begins: asked for while the programs of the pages are still being started. */

import { getDocument } from "./client";
import { live, type Told } from "./live";

type Answer = Promise<Record<string, unknown>>;

/** What pages ask for, by their address behind `#`; the others ask when they are drawn. */
const FIRST: readonly (readonly [RegExp, (...parts: string[]) => string])[] = [
  [/^\/?$/, () => "pages/front"],
  [/^\/builders$/, () => "pages/builders"],
  [/^\/builders\/(\d+)$/, (builder) => `pages/builders/${builder}`],
  [/^\/builders\/(\d+)\/builds\/(\d+)$/, (builder, number) => `pages/builders/${builder}/builds/${number}`],
  [/^\/(?:waterfall|console|grid)$/, () => NAMED_BUILDERS],
];

/** Builders, as pages of several of them need them. */
export const NAMED_BUILDERS = "builders?field=builderid&field=name&field=tags&field=masterids";

/** The path below `api/v2/` of what the page behind `#` shows first, where that is known. */
export function firstOf(hash: string): string | undefined {
  const [address = ""] = hash.slice(1).split(/[?#]/);
  for (const [pattern, paths] of FIRST) {
    const found = pattern.exec(address);
    if (found) return paths(...found.slice(1));
  }
  return undefined;
}

/** What nobody has taken by then is forgotten. */
const KEPT_MS = 10_000;

const asked = new Map<string, Answer>();
let told: Told | null = null;

/** Ask for what the page shows first, when the connection is there. */
export async function askEarly(): Promise<void> {
  await live.ready;
  told = live.told;
  const path = told && firstOf(location.hash);
  if (!path) return;
  const answer = getDocument(path);
  answer.catch(() => undefined); // whoever takes it hears of it
  asked.set(path, answer);
  setTimeout(() => asked.clear(), KEPT_MS);
}

/** What has been asked for already, if it is as good as an answer to a question of now; only once. */
export function takeEarly(path: string): Answer | undefined {
  const answer = asked.get(path);
  asked.delete(path);
  return told && live.isPresent(told) ? answer : undefined;
}
