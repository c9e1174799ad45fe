/** Where to go from an address that has nothing. */

export interface Way {
  readonly address: string;
  readonly label: string;
}

interface Words {
  readonly builder: string;
  readonly number: (n: number) => string;
}

/** Things whose list is at another address. */
const LISTS: Readonly<Record<string, string>> = { builds: "/builders", buildrequests: "/pending" };

/**
 * What an address is below, the nearest first, and the overview at last.
 * @param pages addresses of pages with their titles; the first one is the overview
 */
export function waysOut(path: string, pages: readonly Way[], { builder, number }: Words): Way[] {
  const parts = path.split("/").filter(Boolean);
  const found: Way[] = [];
  for (let length = parts.length - 1; length > 0; length--) {
    const address = `/${parts.slice(0, length).join("/")}`;
    const last = parts[length - 1] ?? "";
    const page = pages.find((one) => one.address === address);
    if (page) found.push(page);
    else if (parts[0] === "builders" && length === 2) found.push({ address, label: `${builder} ${plain(last)}` });
    else if (parts[0] === "builders" && parts[2] === "builds" && length === 4 && /^\d+$/.test(last)) found.push({ address, label: number(Number(last)) });
  }
  const list = pages.find(({ address }) => address === LISTS[parts[0] ?? ""]);
  return [...found, ...(list ? [list] : []), ...pages.slice(0, 1)];
}

/** As it was before it was put into an address, or as it stands there if that was done otherwise. */
function plain(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
