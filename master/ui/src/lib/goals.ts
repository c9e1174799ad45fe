/** What a reader may mean who types into *Go to*: a name, or a number with or without a builder. */

import { rank } from "./fuzzy";

export interface Goal {
  readonly label: string;
  /** What sort of thing it is. */
  readonly kind: string;
  readonly address: string;
}

/** The words for what a number may be. */
export interface Kinds {
  readonly build: string;
  readonly request: string;
  readonly ofBuilder: (name: string, number: number) => string;
}

const BUILDERS = 3;

/**
 * Builds and requests that are named by number: `12` and `#12` by their id, `app 12` and `app#12` by number of the builder.
 * @param builders by name, with their pages
 */
export function numbered(typed: string, builders: readonly Goal[], kinds: Kinds): Goal[] {
  const [, name, digits] = /^(.*?)[\s#/]*#?(\d{1,9})$/.exec(typed.trim()) ?? [];
  if (name === undefined || digits === undefined) return [];
  const number = Number(digits);
  if (name === "")
    return [
      { label: `${kinds.build} ${number}`, kind: kinds.build, address: `/builds/${number}` },
      { label: `${kinds.request} ${number}`, kind: kinds.request, address: `/buildrequests/${number}` },
    ];
  return rank(builders, name, ({ label }) => label)
    .slice(0, BUILDERS)
    .map(({ label, address }) => ({ label: kinds.ofBuilder(label, number), kind: kinds.build, address: `${address}/builds/${number}` }));
}

/** What was meant, the most likely first: a name that has the number in it, then what has the number. */
export function goalsFor(typed: string, named: readonly Goal[], builders: readonly Goal[], kinds: Kinds): Goal[] {
  const byName = rank(named, typed, ({ label }) => label);
  const wanted = typed.trim().toLowerCase();
  const isExact = byName.some(({ label }) => label.toLowerCase().includes(wanted));
  const byNumber = numbered(typed, builders, kinds);
  return isExact ? [...byName, ...byNumber] : [...byNumber, ...byName];
}
