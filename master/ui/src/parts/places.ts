/** The pages that have a place in the menu. */

import { text } from "../text";
import type { To } from "./basics";

export const MAIN: readonly [To, string][] = [
  ["/", text.nav.front],
  ["/builders", text.nav.builders],
  ["/pending", text.nav.pending],
  ["/workers", text.nav.workers],
  ["/changes", text.nav.changes],
];
export const MORE: readonly [To, string][] = [
  ["/waterfall", text.nav.waterfall],
  ["/console", text.nav.console],
  ["/grid", text.nav.grid],
  ["/tests", text.nav.tests],
  ["/graph", text.nav.graph],
  ["/staging", text.nav.staging],
  ["/projects", text.projects.title],
  ["/schedulers", text.nav.schedulers],
  ["/masters", text.nav.masters],
  ["/audit", text.nav.audit],
  ["/about", text.nav.about],
];
export const PAGES = [...MAIN, ...MORE, ["/account", text.nav.account] as [To, string]];
