/** What the master tells its pages: titles, and who looks at them. */

export interface User {
  readonly anonymous?: boolean;
  readonly username?: string;
  readonly full_name?: string;
  readonly email?: string;
}

/** A program of the configuration that has a page. */
export interface DashboardPlace {
  readonly name: string;
  readonly caption: string;
}

export interface FrontEndConfig {
  readonly title: string;
  readonly titleURL: string;
  readonly buildbotURL: string;
  readonly multiMaster: boolean;
  readonly versions: readonly (readonly [string, string])[];
  readonly user: User;
  readonly auth: { readonly name: string; readonly oauth2?: boolean; readonly autologin?: boolean };
  /** What holds where the reader has chosen nothing else, by name: see `lib/settings`. */
  readonly ui_default_config?: Readonly<Record<string, unknown>>;
  readonly plugins?: { readonly wsgi_dashboards?: readonly DashboardPlace[] };
  readonly csrf_token?: string;
  /** How much of all that changes something the user may do; "rules": it has to be asked for each thing. */
  readonly rights?: "all" | "none" | "rules";
}

let present: FrontEndConfig | undefined;
const watchers = new Set<() => void>();

/** Be told when it has been read, at once if it was before; the result ends that. */
export function onConfig(watcher: () => void): () => void {
  watchers.add(watcher);
  if (present) watcher();
  return () => watchers.delete(watcher);
}

/** The configuration as it was read last. */
export function config(): FrontEndConfig {
  if (!present) throw new Error("the configuration has not been read yet");
  return present;
}

/** Read it; the pages start with that, and signing in and out end with it. */
export async function readConfig(): Promise<FrontEndConfig> {
  const base = document.baseURI.replace(/#.*$/s, "");
  const answer = await fetch(new URL("config", base), { headers: { Accept: "application/json" }, cache: "no-store" });
  if (!answer.ok) throw new Error(`the master answers ${answer.status}`);
  present = (await answer.json()) as FrontEndConfig;
  for (const watcher of watchers) watcher();
  return present;
}

/** Whether somebody is signed in. */
export function isSignedIn(): boolean {
  return !config().user.anonymous;
}

/** Whether anybody can sign in here. */
export function canSignIn(): boolean {
  return config().auth.name !== "NoAuth";
}

/** What the user is called. */
export function userName(): string {
  const { user } = config();
  return user.full_name ?? user.username ?? user.email ?? "";
}
