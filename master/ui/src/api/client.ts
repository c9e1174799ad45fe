/** Asking the data API, and acting on it. */

import { config } from "./config";

/** An answer that is none. */
export class ApiError extends Error {
  /**
   * @param status of HTTP; 0 if there was no answer
   * @param fields what is wrong with each field of a form, by its full name
   */
  constructor(
    readonly status: number,
    message: string,
    readonly fields: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }

  /** Whether the same may be answered in a moment. */
  get isPassing(): boolean {
    return this.status === 0 || this.status === 429 || this.status === 503;
  }
}

const TRIES = 3;
const PAUSE_MS = 1_000;

/** Ask again, a little later, where the master is only busy. */
export async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof ApiError) || !error.isPassing || tries >= TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * tries));
    }
  }
}

const JSON_TYPE = "application/json";

/** An address of this master; pages may be served below a path. */
export function addressOf(path: string): string {
  return new URL(path, document.baseURI.replace(/#.*$/s, "")).toString();
}

/** The document at a path below `api/v2/`. */
export async function getDocument(path: string, signal?: AbortSignal): Promise<Record<string, unknown>> {
  const answer = await request(`api/v2/${path}`, { headers: { Accept: JSON_TYPE }, signal: signal ?? null });
  return (await answer.json()) as Record<string, unknown>;
}

/** The rows of a document. */
export function rowsOf<T>(document: Record<string, unknown>): T[] {
  return Object.entries(document).find(([key]) => key !== "meta")?.[1] as T[];
}

/** The only row of a document. */
export function onlyOf<T>(document: Record<string, unknown>): T {
  const [row] = rowsOf<T>(document);
  if (row === undefined) throw new ApiError(404, "there is no such thing");
  return row;
}

/** The rows of the document at a path. */
export async function getRows<T>(path: string, signal?: AbortSignal): Promise<T[]> {
  return rowsOf<T>(await getDocument(path, signal));
}

/** The only row of the document at a path. */
export async function getOne<T>(path: string, signal?: AbortSignal): Promise<T> {
  return onlyOf<T>(await getDocument(path, signal));
}

/**
 * The rows of a document as they come, one line each.
 * @param take is given some at a time; if it answers false the rest is not read
 * @returns the `meta` at the end; undefined if that was not reached
 */
export async function streamRows<T>(path: string, signal: AbortSignal, take: (rows: readonly T[]) => boolean): Promise<Record<string, unknown> | undefined> {
  const answer = await request(`api/v2/${path}`, { headers: { Accept: "application/x-ndjson" }, signal });
  if (!answer.body) throw new ApiError(0, "the master has sent nothing");
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return undefined;
    const lines = (rest + value).split("\n");
    rest = lines.pop() ?? "";
    const rows = lines.map((line) => JSON.parse(line) as T | { meta: Record<string, unknown> });
    const end = rows.find((row): row is { meta: Record<string, unknown> } => typeof row === "object" && row !== null && "meta" in row);
    if (!take(rows.filter((row): row is T => row !== end))) {
      await reader.cancel();
      return undefined;
    }
    if (end) return end.meta;
  }
}

/** Have something done. */
export async function act<T>(path: string, method: string, params: object = {}): Promise<T> {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
  const answer = await request(`api/v2/${path}`, { method: "POST", headers: actionHeaders(), body });
  return ((await answer.json()) as { result: T }).result;
}

/** What a request that changes something carries. */
export function actionHeaders(): Record<string, string> {
  const token = config().csrf_token;
  return { Accept: JSON_TYPE, "Content-Type": JSON_TYPE, ...(token ? { "X-CSRF-Token": token } : {}) };
}

/** Ask this server; anything but success is an ApiError. */
export async function request(path: string, options: RequestInit): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(addressOf(path), { credentials: "same-origin", ...options });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, "the master cannot be reached");
  }
  if (answer.ok) return answer;
  throw problemOf(answer.status, await answer.text());
}

function problemOf(status: number, body: string): ApiError {
  let problem: unknown = body;
  try {
    problem = (JSON.parse(body) as { error?: unknown }).error ?? body;
  } catch {
    // a text
  }
  const told = typeof problem === "object" && problem !== null && "message" in problem ? problem.message : problem;
  if (typeof told === "object" && told !== null) {
    const fields = Object.fromEntries(Object.entries(told).map(([name, text]) => [name, String(text)]));
    return new ApiError(status, Object.values(fields).join("; "), fields);
  }
  return new ApiError(status, String(told) || `status ${status}`);
}
