/** The settings that hold: kept in the browser, told to all pages and tabs at once. */

import { useSyncExternalStore } from "react";
import { config, onConfig } from "../api/config";
import { chosenWith, read, settled, usable, type Chosen, type SettingName, type Settings } from "../lib/settings";

const KEY = "buildmill-settings";

let chosen: Chosen = kept();
let defaults = settled();
let present = settled(chosen);
const watchers = new Set<() => void>();

function kept(): Chosen {
  try {
    return read(localStorage.getItem(KEY));
  } catch {
    return {}; // the browser keeps nothing for this place
  }
}

function keep(next: Chosen): void {
  try {
    if (Object.keys(next).length) localStorage.setItem(KEY, JSON.stringify(next));
    else localStorage.removeItem(KEY);
  } catch {
    // they hold until the page is left
  }
}

function settle(next: Chosen): void {
  chosen = next;
  present = { ...defaults, ...(chosen as Partial<Settings>) };
  showTheme();
  for (const watcher of watchers) watcher();
}

function showTheme(): void {
  const theme = present["Pages.theme"];
  if (theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
}

/** Put them in force, and follow what other tabs and the master's configuration say. */
export function startSettings(): void {
  settle(chosen);
  onConfig(() => {
    defaults = settled(usable(config().ui_default_config));
    settle(chosen);
  });
  addEventListener("storage", (event) => {
    if (event.key === KEY || event.key === null) settle(kept());
  });
}

/** The settings that hold now. */
export function settings(): Settings {
  return present;
}

/** Those that hold where nothing is chosen. */
export function defaultSettings(): Settings {
  return defaults;
}

/** Choose something; a value that is none of its kind ends the choice. */
export function choose(name: SettingName, value: unknown): void {
  const next = chosenWith(chosen, defaults, name, value);
  keep(next);
  settle(next);
}

/** End all choices. */
export function resetSettings(): void {
  keep({});
  settle({});
}

function watch(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

/** One setting that holds; whoever shows it is drawn again when it changes. */
export function useSetting<N extends SettingName>(name: N): Settings[N] {
  return useSyncExternalStore(watch, () => present[name]);
}

/** All that was chosen in this browser. */
export function useChosen(): Chosen {
  return useSyncExternalStore(watch, () => chosen);
}
