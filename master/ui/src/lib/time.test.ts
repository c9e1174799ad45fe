import { expect, it } from "vitest";
import { formatAgo, formatDuration } from "./time";

it.each([
  [0, "< 1 s"],
  [3, "3 s"],
  [60, "1 min"],
  [252, "4 min 12 s"],
  [7_500, "2 h 5 min"],
  [273_600, "3 d 4 h"],
  [-5, "< 1 s"],
])("%i seconds are %s", (seconds, words) => {
  expect(formatDuration(seconds)).toBe(words);
});

it("instants are told from now", () => {
  expect(formatAgo(1000, 1003)).toBe("now");
  expect(formatAgo(1000, 1300)).toBe("5 minutes ago");
  expect(formatAgo(1000, 1000 + 86_400)).toBe("yesterday");
});
