/** The pages that have a place in the menu. */

import { config, type DashboardPlace } from "../api/config";
import { safeUrl } from "../lib/links";
import { text } from "../text";
import type { To } from "./basics";

type Place = readonly [To, string];

export interface Group {
  readonly title: string;
  readonly places: readonly Place[];
}

export const MAIN: readonly Place[] = [
  ["/", text.nav.front],
  ["/builders", text.nav.builders],
  ["/pending", text.nav.pending],
  ["/workers", text.nav.workers],
  ["/changes", text.nav.changes],
];
export const MORE: readonly Group[] = [
  {
    title: text.nav.groups.views,
    places: [
      ["/waterfall", text.nav.waterfall],
      ["/console", text.nav.console],
      ["/grid", text.nav.grid],
      ["/projects", text.projects.title],
    ],
  },
  {
    title: text.nav.groups.results,
    places: [
      ["/tests", text.nav.tests],
      ["/graph", text.nav.graph],
      ["/graph/schedules", text.nav.schedules],
      ["/staging", text.nav.staging],
    ],
  },
  {
    title: text.nav.groups.system,
    places: [
      ["/schedulers", text.nav.schedulers],
      ["/masters", text.nav.masters],
      ["/audit", text.nav.audit],
      ["/settings", text.nav.settings],
      ["/about", text.nav.about],
    ],
  },
];
export const PAGES: readonly Place[] = [...MAIN, ...MORE.flatMap(({ places }) => places), ["/account", text.nav.account]];

/** The place that the title stands for, if the configuration names one that is not these pages. */
export function homePage(): string | undefined {
  const { titleURL, buildbotURL } = config();
  return titleURL === buildbotURL ? undefined : safeUrl(titleURL);
}

/** Programs of the configuration that have pages, in the order of the menu. */
export function dashboards(): readonly DashboardPlace[] {
  return config().plugins?.wsgi_dashboards ?? [];
}
