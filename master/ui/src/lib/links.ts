/** Addresses that builds, changes and users have written: only those a click may follow. */

/** The address, if it leads to a page or a mail; else undefined. */
export function safeUrl(url: string | null | undefined): string | undefined {
  if (!url) return undefined;
  try {
    const { protocol } = new URL(url, "https://relative.invalid/");
    if (protocol !== "https:" && protocol !== "http:" && protocol !== "mailto:") return undefined;
    return /^(?:https?:|mailto:)/i.test(url) ? url : undefined; // relative ones would lead into these pages
  } catch {
    return undefined;
  }
}

/** The address of a description's link: as `safeUrl`, or one of these pages, which begins with `#/`. */
export function describedUrl(url: string): string | undefined {
  return url.startsWith("#/") ? url : safeUrl(url);
}

/** What goes with every link to another place. */
export const ELSEWHERE = { rel: "noopener noreferrer nofollow", target: "_blank" } as const;
