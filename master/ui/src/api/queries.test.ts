import { QueryObserver } from "@tanstack/react-query";
import { afterEach, expect, it, vi } from "vitest";
import { live } from "./live";
import { queries } from "./queries";

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

afterEach(() => queries.clear());

/** A document that is shown; each reading of it ends when the test says so. */
function shown(): { ends: ((value: number) => void)[]; value: () => number | undefined; leave: () => void } {
  const ends: ((value: number) => void)[] = [];
  const read = vi.fn(() => new Promise<number>((resolve) => ends.push(resolve)));
  const observer = new QueryObserver<number>(queries, { queryKey: ["document"], queryFn: read });
  return { ends, value: () => queries.getQueryData(["document"]), leave: observer.subscribe(() => undefined) };
}

it("what is out of date while it is read for the first time is read again behind that", async () => {
  const { ends, value, leave } = shown();
  live.onStale();
  live.onStale();
  await turn();
  expect(ends).toHaveLength(1);

  ends[0]?.(1);
  await turn();
  expect(ends).toHaveLength(2);
  ends[1]?.(2);
  await turn();

  expect([value(), ends.length]).toEqual([2, 2]);
  leave();
});

it("a reading is not cut off by the next one, however much happens", async () => {
  const { ends, value, leave } = shown();
  ends[0]?.(1);
  await turn();
  live.onStale();
  await turn();
  live.onStale();
  await turn();
  expect(ends).toHaveLength(2);

  ends[1]?.(2);
  await turn();

  expect([value(), ends.length]).toEqual([2, 3]);
  leave();
});
