import { describe, expect, it } from "vitest";
import { formatBytes, stateOf } from "./staging";

describe("what is staged", () => {
  it("has a size that people can read", () => {
    expect([0, 999, 1_000, 4_711, 99_960, 999_499, 999_600, 12_345_678, 3e15].map(formatBytes)).toEqual([
      "0 B", "999 B", "1.0 kB", "4.7 kB", "100 kB", "999 kB", "1.0 MB", "12.3 MB", "3000 TB",
    ]);
  });

  it("has a look and a word for each state, also for those that nobody knows", () => {
    expect([stateOf("STAGED"), stateOf("NEW")]).toEqual([
      { look: "success", label: "staged" },
      { look: "exception", label: "NEW" },
    ]);
  });
});
