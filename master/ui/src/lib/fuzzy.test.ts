import { expect, it } from "vitest";
import { rank } from "./fuzzy";

const names = ["linux-gcc", "linux-clang", "docs", "windows-msvc", "gcc"];
const found = (typed: string) => rank(names, typed, (name) => name);

it("a part of a name comes before scattered letters, the beginning before the middle", () => {
  expect(found("gcc")).toEqual(["gcc", "linux-gcc"]);
  expect(found("lcl")[0]).toBe("linux-clang");
});

it("letters in another order are none", () => {
  expect(found("ccg")).toEqual([]);
});

it("nothing typed is everything, in its order", () => {
  expect(found(" ")).toEqual(names);
});
