/**
 * Events, over one socket for all pages. Paths are subscribed with `resume`, so that after a break the master sends what was
 * missed; where it cannot, everything that is shown is read again.
 */

import type { LiveEvent } from "../lib/merge";
import { addressOf } from "./client";

export type Connection = "connecting" | "open" | "lost";
type Listener = (event: LiveEvent) => void;

interface Frame {
  readonly k?: string;
  readonly m?: unknown;
  readonly id?: string;
  readonly _id?: number;
  readonly code?: number;
}

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 15_000;
const PING_MS = 25_000;
const ANSWER_MS = 10_000;
/** So long the first pages wait for the connection, so that they need not be read again when it is there. */
const FIRST_MS = 500;

/** Whether a path with `*` for any one element has the key. */
export function matches(path: readonly string[], key: readonly string[]): boolean {
  return path.length === key.length && path.every((part, index) => part === "*" || part === key[index]);
}

export class Live {
  /** Changes are told to those who ask by `onState`. */
  state: Connection = "connecting";
  private socket: WebSocket | null = null;
  private newest: string | null = null;
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
  private readonly first = new Promise<void>((resolve) => (this.endWaiting = resolve));
  private waiting: ReturnType<typeof setTimeout> | undefined;

  /** @param reread everything that is shown may be out of date: read it again */
  constructor(private readonly reread: () => void) {}

  start(): void {
    this.open();
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

  /**
   * Hear events.
   * @returns ends that; and when events from now on are heard: at once if they were already, or if the connection is lost or
   *   takes long to come (everything is read again when there is one)
   */
  subscribe(paths: readonly string[], listener: Listener): { end: () => void; heard: Promise<void> } {
    const fresh: string[] = [];
    for (const path of paths) {
      const known = this.listeners.get(path);
      if (known) known.add(listener);
      else {
        this.listeners.set(path, new Set([listener]));
        fresh.push(path);
      }
    }
    return { end: () => this.unsubscribe(paths, listener), heard: this.hears(fresh) };
  }

  private hears(fresh: readonly string[]): Promise<void> {
    if (this.state === "connecting") {
      this.waiting ??= setTimeout(() => this.readEarly(), FIRST_MS);
      return this.first;
    }
    if (this.state !== "open" || !fresh.length) return Promise.resolve();
    return this.ask({ cmd: "resume", paths: fresh, since: null }).then(() => undefined);
  }

  private readEarly(): void {
    this.isReadEarly = true;
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
    this.retryMs = FIRST_RETRY_MS;
    clearInterval(this.pinging);
    this.pinging = setInterval(() => void this.ask({ cmd: "ping" }), PING_MS);
    const isOld = this.wasOpen ? since === null : this.isReadEarly;
    if (isOld || answer.code === 410) this.reread();
    this.wasOpen = true;
    clearTimeout(this.waiting);
    this.endWaiting();
    this.tell();
  }

  private lose(): void {
    clearInterval(this.pinging);
    this.socket = null;
    this.state = "lost";
    clearTimeout(this.waiting);
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
    if (frame.id !== undefined) this.newest = frame.id;
    const key = frame.k.split("/");
    for (const [path, listeners] of this.listeners) {
      if (matches(path.split("/"), key)) for (const listener of [...listeners]) listener({ key, message: frame.m });
    }
  }

  private tell(): void {
    for (const listener of this.states) listener();
  }
}
