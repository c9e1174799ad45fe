import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Live, matches } from "./live";

/** A socket whose other end is the test. */
class Socket {
  static OPEN = 1;
  static all: Socket[] = [];
  readyState = 0;
  sent: { cmd: string; paths?: string[]; path?: string; since?: string | null; _id: number }[] = [];
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onmessage: ((message: { data: string }) => void) | null = null;
  constructor(readonly url: string) {
    Socket.all.push(this);
  }
  send(text: string): void {
    this.sent.push(JSON.parse(text) as Socket["sent"][number]);
  }
  close(): void {
    this.readyState = 3;
    this.onclose?.();
  }
  open(): void {
    this.readyState = 1;
    this.onopen?.();
  }
  tell(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
  /** Answer what was asked last. */
  async answer(more: object): Promise<void> {
    this.tell({ _id: this.sent.at(-1)?._id, ...more });
    await vi.advanceTimersByTimeAsync(0);
  }
}

const latest = (): Socket => {
  const socket = Socket.all.at(-1);
  if (!socket) throw new Error("nobody has connected");
  return socket;
};

let reread = vi.fn();
let live = new Live();
beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("WebSocket", Socket);
  vi.stubGlobal("addEventListener", vi.fn());
  vi.stubGlobal("document", { baseURI: "https://ci.example.org/mill/#/builders", addEventListener: vi.fn() });
  Socket.all = [];
  reread = vi.fn();
  live = new Live();
  live.onStale = reread;
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it("a star stands for exactly one element", () => {
  expect(matches(["builds", "*", "new"], ["builds", "7", "new"])).toBe(true);
  expect(matches(["builds", "*"], ["builds", "7", "new"])).toBe(false);
});

it("connects beside the page, below the path of a proxy, too", () => {
  live.start();

  expect(latest().url).toBe("wss://ci.example.org/mill/ws");
});

it("has what is shown first read when its events are heard, and not twice", async () => {
  const heard: string[] = [];
  const isHeard = vi.fn();
  void live.subscribe(["builds/*/new"], ({ key }) => heard.push(key.join("/"))).heard.then(isHeard);
  live.start();
  await vi.advanceTimersByTimeAsync(100);
  expect(isHeard).not.toHaveBeenCalled();
  latest().open();
  expect(latest().sent[0]).toMatchObject({ cmd: "resume", paths: ["builds/*/new"], since: null });
  await latest().answer({ code: 200, id: "e1" });

  latest().tell({ k: "builds/7/new", m: {}, id: "e2" });

  expect(isHeard).toHaveBeenCalled();
  expect(heard).toEqual(["builds/7/new"]);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(reread).not.toHaveBeenCalled();
});

it("has read again what did not wait for a connection that takes long", async () => {
  const isHeard = vi.fn();
  void live.subscribe(["builds/*/new"], () => undefined).heard.then(isHeard);
  live.start();
  await vi.advanceTimersByTimeAsync(600);
  expect(isHeard).toHaveBeenCalled();

  latest().open();
  await latest().answer({ code: 200, id: "e1" });

  expect(reread).toHaveBeenCalledTimes(1);
});

it("has pages read without a connection, if none can be made", async () => {
  const isHeard = vi.fn();
  void live.subscribe(["builds/*/new"], () => undefined).heard.then(isHeard);
  live.start();
  latest().close();
  await vi.advanceTimersByTimeAsync(0);

  expect(isHeard).toHaveBeenCalled();
});

it("goes on after a break with what was missed, and has nothing read again", async () => {
  live.subscribe(["builds/*/new"], () => undefined);
  live.start();
  latest().open();
  await latest().answer({ code: 200, id: "e1" });
  latest().tell({ k: "builds/7/new", m: {}, id: "e2" });
  latest().close();
  expect(live.state).toBe("lost");

  await vi.advanceTimersByTimeAsync(1_000);
  latest().open();
  expect(latest().sent[0]).toMatchObject({ cmd: "resume", since: "e2" });
  await latest().answer({ code: 200, id: "e5" });

  expect(live.state).toBe("open");
  expect(reread).not.toHaveBeenCalled();
});

it("has everything read again where the master does not know what was missed", async () => {
  live.start();
  latest().open();
  await latest().answer({ code: 200, id: "e1" });
  latest().close();
  await vi.advanceTimersByTimeAsync(1_000);
  latest().open();

  await latest().answer({ code: 410, id: "e9" });

  expect(reread).toHaveBeenCalledTimes(1);
});

it("waits longer after each attempt that fails", async () => {
  live.start();
  for (let attempt = 0; attempt < 8; attempt++) {
    latest().close();
    await vi.advanceTimersByTimeAsync(20_000);
  }
  const before = Socket.all.length;
  latest().close();
  await vi.advanceTimersByTimeAsync(10_000);

  expect(Socket.all).toHaveLength(before);
});

it("asks once for what two parts of a page want, and stops when neither does", async () => {
  live.start();
  latest().open();
  await latest().answer({ code: 200, id: "e1" });
  const one = live.subscribe(["workers/*/*"], () => undefined);
  const other = live.subscribe(["workers/*/*"], () => undefined);
  expect(latest().sent.filter(({ paths }) => paths?.includes("workers/*/*"))).toHaveLength(1);
  one.end();
  expect(latest().sent.at(-1)?.cmd).toBe("resume");

  other.end();

  expect(latest().sent.at(-1)).toMatchObject({ cmd: "stopConsuming", path: "workers/*/*" });
});

describe("what was read before its events were subscribed", () => {
  beforeEach(async () => {
    live.start();
    latest().open();
    await latest().answer({ code: 200, id: "e1" });
  });

  it.each([
    [0, true],
    [2, false],
  ])("is known to be whole by the number of events since: %i", async (missed, isWhole) => {
    const { heard } = live.subscribe(["builds/*/*"], () => undefined, live.told);
    expect(latest().sent.at(-1)).toMatchObject({ cmd: "resume", paths: ["builds/*/*"], since: "e1" });

    await latest().answer({ code: 200, id: "e3", missed });

    expect(await heard).toBe(isWhole);
  });

  it("is not whole if the master has forgotten what happened", async () => {
    const { heard } = live.subscribe(["builds/*/*"], () => undefined, live.told);

    await latest().answer({ code: 410, id: "e9" });

    expect(await heard).toBe(false);
  });

  it("is not whole if others have been told something of it meanwhile", async () => {
    const since = live.told;
    live.subscribe(["builds/*/*"], () => undefined);
    await latest().answer({ code: 200, id: "e1" });
    latest().tell({ k: "builds/7/new", m: {}, id: "e2" });
    const asked = latest().sent.length;

    expect(await live.subscribe(["builds/*/*"], () => undefined, since).heard).toBe(false);
    expect(latest().sent).toHaveLength(asked);
    expect(await live.subscribe(["builds/*/*"], () => undefined, live.told).heard).toBe(true);
  });

  it("is not asked about after a while", async () => {
    const since = live.told;
    await vi.advanceTimersByTimeAsync(6_000);
    expect(live.isBeginning(since)).toBe(false);
    const { heard } = live.subscribe(["builds/*/*"], () => undefined, since);
    expect(latest().sent.at(-1)).toMatchObject({ since: null });

    await latest().answer({ code: 200, id: "e1" });

    expect(await heard).toBe(false);
  });

  it("is not whole if the connection breaks: the next one begins with what others were told last", async () => {
    const { heard } = live.subscribe(["builds/*/*"], () => undefined, live.told);

    latest().close();

    expect(await heard).toBe(false);
  });

  it("is not whole, although the id of the newest event is the same again", async () => {
    live.subscribe(["builds/*/*"], () => undefined);
    await latest().answer({ code: 200, id: "e5" });
    const since = live.told;
    latest().tell({ k: "builds/7/new", m: {}, id: "e6" });
    live.subscribe(["workers/*/*"], () => undefined, since);
    await latest().answer({ code: 200, id: "e6", missed: 1 });
    latest().tell({ k: "workers/1/connected", m: {}, id: "e5" }); // it was missed

    expect(await live.subscribe(["builds/*/*"], () => undefined, since).heard).toBe(false);
  });

  it.each([
    ["from the same on", true],
    ["from now on", false],
  ])("is known when another part's question for the same, %s, is answered", async (from, isWhole) => {
    const since = live.told;
    live.subscribe(["builds/*/*"], () => undefined, from === "from now on" ? null : since);
    const { heard } = live.subscribe(["builds/*/*"], () => undefined, since);
    expect(latest().sent).toHaveLength(2);

    await latest().answer({ code: 200, id: "e1", missed: 0 });

    expect(await heard).toBe(isWhole);
  });
});

it("asks for what is subscribed while the master greets, from the greeting on", async () => {
  live.start();
  latest().open();
  const { heard } = live.subscribe(["builds/*/*"], () => undefined);
  expect(latest().sent).toHaveLength(1);
  await latest().answer({ code: 200, id: "e1" });
  expect(latest().sent.at(-1)).toMatchObject({ paths: ["builds/*/*"], since: "e1" });

  await latest().answer({ code: 200, id: "e1", missed: 0 });

  expect(await heard).toBe(true);
});

it("gives up a connection on which nobody answers", async () => {
  live.start();
  latest().open();

  await vi.advanceTimersByTimeAsync(10_001);

  expect(live.state).toBe("lost");
});
