import { expect, it } from "vitest";
import { Asking } from "./rights";

it("what is wanted at the same time is asked for once", async () => {
  const asked: (readonly string[])[] = [];
  const asking = new Asking((paths) => {
    asked.push(paths);
    return Promise.resolve(new Map([["builds/1", ["stop"]]]));
  });

  const found = await Promise.all([asking.methods("builds/1"), asking.methods("builds/1"), asking.methods("workers/2")]);

  expect(found).toEqual([["stop"], ["stop"], []]);
  expect(asked).toEqual([["builds/1", "workers/2"]]);
  expect(await asking.methods("builds/1")).toEqual(["stop"]);
  expect(asked.length).toBe(2);
});

it("a failure is told to all who have asked", async () => {
  const asking = new Asking(() => Promise.reject(new Error("away")));

  await expect(Promise.all([asking.methods("a"), asking.methods("b")])).rejects.toThrow("away");
});
