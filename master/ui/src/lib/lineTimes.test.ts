import { expect, it } from "vitest";
import { LineTimes, formatLength, timeText } from "./lineTimes";

const settle = async (): Promise<void> => {
  for (let i = 0; i < 10; i++) await Promise.resolve();
};

it("fetches times where they are looked at, and tells them in three ways", async () => {
  const asked: number[] = [];
  const times = new LineTimes(
    (offset, limit) => {
      asked.push(offset);
      return Promise.resolve(Array.from({ length: Math.min(limit, 5_000 - offset) }, (_, at) => 1_000 * (offset + at)));
    },
    () => undefined,
  );
  times.want(3_000, 3_010, 5_000);
  await settle();

  expect(asked).toEqual([0, 3_000]);
  expect(timeText(times, 3_005, "start")).toBe("+50:05.0");
  expect(timeText(times, 3_005, "before")).toBe("+1.0 s");
  expect(timeText(times, 0, "before")).toBe("+0.0 s");
  expect(timeText(times, 3_005, "clock")).toMatch(/^\d\d:50:05\.000$/);
  expect([timeText(times, 3_005, "none"), timeText(times, 2_000, "clock"), timeText(times, 3_000, "before")]).toEqual(["", "", ""]);
  times.want(3_000, 3_010, 5_000);
  expect(asked).toHaveLength(2);
});

it("reads a piece again when it has grown", async () => {
  let there = 10;
  const times = new LineTimes(
    () => Promise.resolve(Array.from({ length: there }, (_, at) => at)),
    () => undefined,
  );
  times.want(0, 10, there);
  await settle();
  there = 12;
  times.want(0, 12, there);
  await settle();

  expect(times.at(11)).toBe(11);
});

it("writes lengths as short as they are exact", () => {
  expect([0, 449, 59_949, 61_000, 3_723_400, -1_500].map(formatLength)).toEqual(["0.0 s", "0.4 s", "59.9 s", "1:01.0", "1:02:03.4", "-1.5 s"]);
});
