/** What the reader may do, so that pages offer nothing that would be refused. */

import { useQuery } from "@tanstack/react-query";
import { request } from "./client";
import { canSignIn, config, isSignedIn } from "./config";

interface Permit {
  readonly on: string;
  readonly may: readonly string[];
  readonly refused: Readonly<Record<string, string>>;
}

/** "signIn": perhaps, after signing in; "asking": nobody knows yet. */
export type Allowed = "yes" | "no" | "signIn" | "asking";

/** The master answers so many at once. */
const MOST_PATHS = 200;

/**
 * Asks for many paths at once: those that are wanted while one page is drawn go in one request.
 * @param ask gives the methods that may be called, for each path
 */
export class Asking {
  private waiting = new Map<string, ((methods: readonly string[]) => void)[]>();
  private failing: ((error: unknown) => void)[] = [];

  constructor(private readonly ask: (paths: readonly string[]) => Promise<ReadonlyMap<string, readonly string[]>>) {}

  methods(path: string): Promise<readonly string[]> {
    return new Promise((resolve, reject) => {
      if (this.waiting.size === 0) setTimeout(() => void this.send(), 0);
      this.waiting.set(path, [...(this.waiting.get(path) ?? []), resolve]);
      this.failing.push(reject);
    });
  }

  private async send(): Promise<void> {
    const { waiting, failing } = this;
    this.waiting = new Map();
    this.failing = [];
    const paths = [...waiting.keys()];
    try {
      for (let first = 0; first < paths.length; first += MOST_PATHS) {
        const found = await this.ask(paths.slice(first, first + MOST_PATHS));
        for (const path of paths.slice(first, first + MOST_PATHS)) for (const resolve of waiting.get(path) ?? []) resolve(found.get(path) ?? []);
      }
    } catch (error) {
      for (const reject of failing) reject(error); // of those that were answered nobody listens
    }
  }
}

const asking = new Asking(async (paths) => {
  const query = paths.map((path) => `on=${encodeURIComponent(path)}`).join("&");
  const answer = await request(`auth/rights?${query}`, { headers: { Accept: "application/json" } });
  const { rights } = (await answer.json()) as { rights: readonly Permit[] };
  return new Map(rights.map((one) => [one.on, one.may]));
});

/** Whether the reader may call a method of what is at a path of the data API; with the parameters that rules look at. */
export function useAllowed(path: string, method: string): Allowed {
  const extent = config().rights ?? "all";
  const query = useQuery({ queryKey: ["rights", path], queryFn: () => asking.methods(path), enabled: extent === "rules" });
  if (extent === "all") return "yes";
  const isAllowed = extent === "rules" && (query.data?.includes(method) ?? query.isError); // who cannot ask may try
  if (isAllowed) return "yes";
  if (extent === "rules" && query.data === undefined) return "asking";
  return !isSignedIn() && canSignIn() ? "signIn" : "no";
}
