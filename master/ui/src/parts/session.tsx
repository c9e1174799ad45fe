/** Signing in and out. */

import { useQueryClient } from "@tanstack/react-query";
import { useState, useSyncExternalStore, type FormEvent, type ReactNode } from "react";
import { actionHeaders, addressOf, request } from "../api/client";
import { canSignIn, config, isSignedIn, readConfig, userName } from "../api/config";
import { live } from "../api/live";
import { text } from "../text";
import { Dialog } from "./basics";
import { Link } from "@tanstack/react-router";

let wanted: string | null = null;
const watchers = new Set<() => void>();

function want(message: string | null): void {
  wanted = message;
  for (const watcher of watchers) watcher();
}

/** Ask the user to sign in, and say what for. */
export function openSignIn(message = ""): void {
  const { auth } = config();
  if (auth.oauth2) location.assign(signInAddress());
  else want(message);
}

const TRIED = "buildmill-signed-in-by-itself";

/** Where the configuration says so, send the browser to sign in without asking; once, so that a refusal does not go round. */
export function signInByItself(): boolean {
  const { auth } = config();
  if (!auth.oauth2 || !auth.autologin || isSignedIn()) return false;
  try {
    if (sessionStorage.getItem(TRIED)) return false;
    sessionStorage.setItem(TRIED, "1");
  } catch {
    return false; // without a memory it would go round
  }
  location.assign(signInAddress());
  return true;
}

function signInAddress(): string {
  return addressOf(`auth/login?redirect=${encodeURIComponent(location.hash.slice(1) || "/")}`);
}

/** The user's name with a way out, or the way in. */
export function Session(): ReactNode {
  const message = useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => wanted,
  );
  const client = useQueryClient();
  const [problem, setProblem] = useState("");
  const isReader = config().rights === "none" && (isSignedIn() || !canSignIn());
  const mark = isReader && (
    <span className="badge" title={text.session.onlyReads}>
      {text.session.readOnly}
    </span>
  );
  if (!canSignIn()) return mark;

  const somebodyElse = async (): Promise<void> => {
    await readConfig(); // the pages are drawn anew for this
    client.clear();
    want(null);
    setProblem("");
    live.restart();
  };
  const signIn = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const body = JSON.stringify({ username: form.get("username"), password: form.get("password") });
    try {
      await request("auth/login", { method: "POST", headers: actionHeaders(), body });
      await somebodyElse();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  const signOut = async (): Promise<void> => {
    await request("auth/logout", { method: "POST", headers: actionHeaders(), body: "{}" });
    await somebodyElse();
  };
  return (
    <>
      {isSignedIn() ? (
        <>
          {mark}
          <Link to="/account" className="user">
            {userName()}
          </Link>
          <button type="button" className="quiet" onClick={() => void signOut()}>
            {text.session.signOut}
          </button>
        </>
      ) : (
        <button type="button" onClick={() => openSignIn()}>
          {text.session.signIn}
        </button>
      )}
      {message !== null && (
        <Dialog title={text.session.signIn} onClose={() => want(null)}>
          <form onSubmit={(event) => void signIn(event)}>
            {message && <p>{message}</p>}
            <label>
              {text.session.name}
              <input name="username" autoComplete="username" required />
            </label>
            <label>
              {text.session.password}
              <input name="password" type="password" autoComplete="current-password" required />
            </label>
            {problem && (
              <p role="alert" className="error">
                {problem}
              </p>
            )}
            <p className="buttons">
              <button type="submit" className="primary">
                {text.session.signIn}
              </button>
            </p>
          </form>
        </Dialog>
      )}
    </>
  );
}
