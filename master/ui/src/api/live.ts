/**
 * Events, over one socket for all pages. Paths are subscribed with `resume`, so that after a break the master sends what was
 * missed; where it cannot, everything that is shown is read again. Whatever is read has the newest event in it of which the master
 * has told before (`told`): who reads and subscribes at the same time learns then whether something has happened between.
 */

import type { LiveEvent } from "../lib/merge";
import { addressOf } from "./client";

export type Connection = "connecting" | "open" | "lost";
type Listener = (event: LiveEvent) => void;

/** The newest event of which the master has told, and when. */
export interface Told {
  readonly id: string;
  readonly at: number;
  /** How many events had come by then. */
  readonly heard: number;
}

/** The question for the events of a path that is not answered yet. */
interface Asked {
  readonly since: string | null;
  readonly isWhole: Promise<boolean>;
}

interface Frame {
  readonly k?: string;
  readonly m?: unknown;
  readonly id?: string;
  readonly _id?: number;
  readonly code?: number;
  readonly missed?: number;
}

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 15_000;
const PING_MS = 25_000;
const ANSWER_MS = 10_000;
/** So long the first pages wait for the connection, so that they need not be read again when it is there. */
const FIRST_MS = 500;
/** What was told longer ago is no beginning any more: too much may have happened since. */
const YOUNG_MS = 5_000;

/** Whether a path with `*` for any one element has the key. */
export function matches(path: readonly string[], key: readonly string[]): boolean {
  return path.length === key.length && path.every((part, index) => part === "*" || part === key[index]);
}

export class Live {
  /** Changes are told to those who ask by `onState`. */
  state: Connection = "connecting";
  private socket: WebSocket | null = null;
  private newest: string | null = null;
  /** The newest event of which the master has told on this connection; null: of none yet. */
  told: Told | null = null;
  private heard = 0;
  private readonly asked = new Map<string, Asked>();
  private wasOpen = false;
  private retryMs = FIRST_RETRY_MS;
  private count = 0;
  private readonly listeners = new Map<string, Set<Listener>>();
  private readonly answers = new Map<number, (frame: Frame) => void>();
  private readonly states = new Set<() => void>();
  private pinging: ReturnType<typeof setInterval> | undefined;
  private retrying: ReturnType<typeof setTimeout> | undefined;
  private isReadEarly = false;
  private endWaiting: () => void = () => undefined;
  /** There is a connection, or it takes so long that pages are read without: everything is read again when there is one. */
  readonly ready = new Promise<void>((resolve) => (this.endWaiting = resolve));
  private isReady = false;
  private waiting: ReturnType<typeof setTimeout> | undefined;
  /** Everything that is shown may be out of date: read it again. */
  onStale: () => void = () => undefined;

  start(): void {
    this.open();
    this.waiting = setTimeout(() => this.readEarly(), FIRST_MS);
    addEventListener("online", () => this.retryNow());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.retryNow());
  }

  /** Begin anew, as somebody else. */
  restart(): void {
    this.newest = null;
    this.socket?.close(1000);
    this.retryMs = FIRST_RETRY_MS;
  }

  /** Be told of changes of `state`; the result ends that. */
  onState(listener: () => void): () => void {
    this.states.add(listener);
    return () => this.states.delete(listener);
  }

  /** Whether the master is asked what has happened since. */
  isBeginning(since: Told | null | undefined): since is Told {
    return !!since && performance.now() - since.at < YOUNG_MS;
  }

  /** Whether no event has come since. */
  isPresent(since: Told): boolean {
    return since.heard === this.heard && this.told !== null;
  }

  /**
   * Hear events.
   * @param since what was `told` when that was read which they change
   * @returns ends that; and, when events are heard, whether all since then are: false where nobody can say. Before there is a
   *   connection nothing is read, so nothing is missing.
   */
  subscribe(paths: readonly string[], listener: Listener, since?: Told | null): { end: () => void; heard: Promise<boolean> } {
    const fresh: string[] = [];
    for (const path of paths) {
      const known = this.listeners.get(path);
      if (known) known.add(listener);
      else {
        this.listeners.set(path, new Set([listener]));
        fresh.push(path);
      }
    }
    const old = paths.filter((path) => !fresh.includes(path));
    return { end: () => this.unsubscribe(paths, listener), heard: this.hears(fresh, old, since) };
  }

  private async hears(fresh: readonly string[], old: readonly string[], since: Told | null | undefined): Promise<boolean> {
    if (!this.isReady) {
      const isGreeted = this.state === "open"; // without these paths
      await this.ready;
      if (!isGreeted) return true;
      since = this.told;
    }
    if (this.state !== "open") return false;
    // what others have been told of old paths since then has not come here
    const begin = this.isBeginning(since) && (!old.length || this.isPresent(since)) ? since.id : null;
    const asked = old.flatMap((path) => this.asked.get(path) ?? []);
    if (fresh.length) asked.push(this.askSince(fresh, begin));
    const answers = await Promise.all(asked.map(async (one) => one.since === begin && (await one.isWhole)));
    return begin !== null && answers.every(Boolean);
  }

  private askSince(paths: readonly string[], since: string | null): Asked {
    const ask = async (): Promise<boolean> => {
      const { id, missed } = await this.ask({ cmd: "resume", paths, since });
      if (id !== undefined) this.note(id);
      for (const path of paths) if (this.asked.get(path) === asked) this.asked.delete(path);
      return missed === 0;
    };
    const asked: Asked = { since, isWhole: ask() };
    for (const path of paths) this.asked.set(path, asked);
    return asked;
  }

  private note(id: string): void {
    this.told = { id, at: performance.now(), heard: this.heard };
  }

  private readEarly(): void {
    if (this.isReady) return;
    this.isReadEarly = true;
    this.settle();
  }

  private settle(): void {
    clearTimeout(this.waiting);
    this.isReady = true;
    this.endWaiting();
  }

  private unsubscribe(paths: readonly string[], listener: Listener): void {
    for (const path of paths) {
      const known = this.listeners.get(path);
      known?.delete(listener);
      if (known?.size === 0) {
        this.listeners.delete(path);
        if (this.state === "open") void this.ask({ cmd: "stopConsuming", path });
      }
    }
  }

  private open(): void {
    this.retrying = undefined;
    const socket = new WebSocket(addressOf("ws").replace(/^http/, "ws"));
    this.socket = socket;
    socket.onopen = () => void this.greet();
    socket.onmessage = (message) => this.hear(JSON.parse(String(message.data)) as Frame);
    socket.onclose = () => {
      if (this.socket === socket) this.lose();
    };
  }

  private async greet(): Promise<void> {
    const since = this.newest;
    this.state = "open"; // paths that are subscribed from now on are asked for by themselves
    const answer = await this.ask({ cmd: "resume", paths: [...this.listeners.keys()], since });
    if (answer.code !== 200 && answer.code !== 410) {
      this.socket?.close();
      return;
    }
    this.newest ??= answer.id ?? null;
    if (answer.code === 410) this.newest = answer.id ?? null;
    if (answer.id !== undefined) this.note(answer.id);
    this.retryMs = FIRST_RETRY_MS;
    clearInterval(this.pinging);
    this.pinging = setInterval(() => void this.ask({ cmd: "ping" }), PING_MS);
    const isOld = this.wasOpen ? since === null : this.isReadEarly;
    if (isOld || answer.code === 410) this.onStale();
    this.wasOpen = true;
    this.settle();
    this.tell();
  }

  private lose(): void {
    clearInterval(this.pinging);
    this.socket = null;
    this.state = "lost";
    this.told = null;
    if (!this.wasOpen) this.readEarly();
    for (const answer of this.answers.values()) answer({ code: 0 });
    this.answers.clear();
    this.tell();
    clearTimeout(this.retrying);
    this.retrying = setTimeout(() => this.open(), this.retryMs * (0.75 + Math.random() / 2));
    this.retryMs = Math.min(LONGEST_RETRY_MS, this.retryMs * 2);
  }

  /** Try again at once. */
  retryNow(): void {
    if (this.state !== "lost" || this.retrying === undefined) return;
    clearTimeout(this.retrying);
    this.open();
  }

  private ask(command: object): Promise<Frame> {
    const { socket } = this;
    if (socket?.readyState !== WebSocket.OPEN) return Promise.resolve({ code: 0 });
    const id = ++this.count;
    return new Promise((resolve) => {
      const late = setTimeout(() => socket.close(), ANSWER_MS);
      this.answers.set(id, (frame) => {
        clearTimeout(late);
        resolve(frame);
      });
      socket.send(JSON.stringify({ ...command, _id: id }));
    });
  }

  private hear(frame: Frame): void {
    if (frame.k === undefined) {
      const id = frame._id ?? -1;
      this.answers.get(id)?.(frame);
      this.answers.delete(id);
      return;
    }
    if (frame.id !== undefined) {
      this.newest = frame.id;
      this.heard++;
      this.note(frame.id);
    }
    const key = frame.k.split("/");
    for (const [path, listeners] of this.listeners) {
      if (matches(path.split("/"), key)) for (const listener of [...listeners]) listener({ key, message: frame.m });
    }
  }

  private tell(): void {
    for (const listener of this.states) listener();
  }
}

/** The connection of these pages. */
export const live = new Live();
