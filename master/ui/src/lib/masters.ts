/** What events change on the page of masters. */

import type { Build, MastersPage, MasterSummary, Worker } from "../api/schema";
import type { Merge } from "./merge";

/** How many builds run and which workers are there, without reading them again; anything else is read. */
export const mergeMastersPage: Merge<MastersPage> = (page, { key, message }) => {
  if (key.length !== 3) return page;
  if (key[0] === "workers") return withWorker(page, message as Worker);
  if (key[0] !== "builds") return null;
  const build = message as Build;
  const by = key[2] === "new" ? 1 : -1;
  return { ...page, masters: page.masters.map((one) => (one.running !== null && one.master.masterid === build.masterid ? { ...one, running: Math.max(0, one.running + by) } : one)) };
};

function withWorker(page: MastersPage, { workerid, name, connected_to: places }: Worker): MastersPage {
  const here = new Set(places.map((place) => place["masterid"]));
  const changed = (summary: MasterSummary): MasterSummary => {
    if (summary.workers === null) return summary;
    const others = summary.workers.filter((one) => one.workerid !== workerid);
    const isHere = here.has(summary.master.masterid);
    if (!isHere && others.length === summary.workers.length) return summary;
    return { ...summary, workers: isHere ? [...others, { workerid, name }].sort((a, b) => a.name.localeCompare(b.name)) : others };
  };
  return { ...page, masters: page.masters.map(changed) };
}
