import { describe, expect, it } from "vitest";
import { foldsAround, foldsOf, MARKS, markOf, type Fold, type Mark } from "./folds";

const marks = (lines: readonly string[]): Mark[] =>
  lines.flatMap((line, at) => (new RegExp(MARKS).test(line) ? (markOf(at, line) ?? []) : []));
const told = (lines: readonly string[]): string[] => foldsOf(marks(lines), lines.length).map(({ start, end, title, depth, isShut }: Fold) => `${start}-${end} ${"> ".repeat(depth)}${title}${isShut ? " (shut)" : ""}`);

describe("sections", () => {
  it("of GitHub and Azure are groups, one in another perhaps", () => {
    expect(told(["##[group]Run make", "cc a.c", "::group::Inner", "x", "::endgroup::", "##[endgroup]", "done"])).toEqual(["0-6 Run make", "2-5 > Inner"]);
    expect(told(["2026-01-01T00:00:00Z ##[group]Set up", "x", "2026-01-01T00:00:01Z ##[endgroup]"])).toEqual(["0-3 Set up"]);
  });

  it("of GitLab have names, and may begin shut", () => {
    const begin = "section_start:1560896352:prepare[collapsed=true]\r\x1b[0K\x1b[36mPreparing\x1b[0m";
    expect(told([begin, "a", "section_start:1:inner\r\x1b[0K", "b", "section_end:2:prepare\r\x1b[0K", "c"])).toEqual(["0-5 Preparing (shut)", "2-4 > inner"]);
  });

  it("of Travis have names, too", () => {
    expect(told(["travis_fold:start:git.checkout\r\x1b[0K$ git clone", "x", "travis_fold:end:git.checkout\r\x1b[0K"])).toEqual(["0-3 $ git clone"]);
  });

  it("of Buildkite end where the next one begins", () => {
    expect(told(["--- :hammer: Build", "a", "b", "+++ Test", "c", "~~~ Clean up", "d"])).toEqual(["0-3 :hammer: Build", "3-5 Test", "5-7 Clean up"]);
  });

  it("are not what go and diffs print", () => {
    expect(told(["--- FAIL: TestX (0.00s)", "x", "--- a/file.c", "+++ b/file.c", "x", "--- old.c\t2026-01-01", "y"])).toEqual([]);
  });

  it("that were not ended go on to the end; an end without a begin says nothing", () => {
    expect(told(["##[endgroup]", "##[group]Last", "a", "b"])).toEqual(["1-4 Last"]);
    expect(told(["##[group]Nothing in it"])).toEqual([]);
  });

  it("hide their lines, not their headings", () => {
    const folds = foldsOf(marks(["##[group]A", "x", "::group::B", "y", "::endgroup::", "##[endgroup]"]), 6);

    expect(foldsAround(folds, 3).map(({ title }) => title)).toEqual(["A", "B"]);
    expect(foldsAround(folds, 2).map(({ title }) => title)).toEqual(["A"]);
    expect(foldsAround(folds, 0)).toEqual([]);
  });
});
