import { describe, expect, it } from "vitest";
import { shapeOf } from "./shapes";

describe("the shape of a page", () => {
  it.each(["/builders", "/pending", "/workers", "/graph/schedules", "/builders/app/tests", "/builders/app/builds/3/tests", "/builders/app/builds/3/steps/make/logs/stdio"])("%s has rows", (path) => {
    expect(shapeOf(path)).toBe("rows");
  });

  it.each(["/builders/app/builds/3", "/builds/3"])("%s is a build", (path) => {
    expect(shapeOf(path)).toBe("build");
  });

  it.each(["/", "/about", "/settings", "/builders/app", "/workers/w1", "/graph/runs/x", "/changes/3", ""])("'%s' has a head and cards", (path) => {
    expect(shapeOf(path)).toBe("cards");
  });
});
