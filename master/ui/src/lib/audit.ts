/** Entries of the audit log, as people read them. */

/** The address of the page that shows what a path of the data API names; undefined if there is none. */
export function linkOf(path: string): string | undefined {
  const [kind = "", id = "", ...more] = path.split("/");
  if (!id) return ["changes", "schedulers", "workers", "builders"].includes(kind) ? `/${kind}` : kind === "buildrequests" ? "/pending" : undefined;
  if (kind === "builders" && more[0] === "builds" && more[1]) return `/builders/${id}/builds/${more[1]}`;
  if (["builds", "builders", "buildrequests", "workers", "schedulers", "changes", "projects"].includes(kind)) return `/${kind}/${id}`;
  return undefined;
}

/** Names and values in words: no braces, no quotes. */
export function readable(values: Readonly<Record<string, unknown>>): [string, string][] {
  return Object.entries(values)
    .filter(([, value]) => value !== "" && value !== null && value !== undefined)
    .map(([name, value]) => [name.replaceAll("_", " "), inWords(value)]);
}

function inWords(value: unknown): string {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.map(inWords).join(", ");
  if (typeof value === "object" && value !== null) return readable(value as Record<string, unknown>).map(([name, one]) => `${name} ${one}`).join(", ");
  return value === true ? "yes" : value === false ? "no" : String(value);
}
