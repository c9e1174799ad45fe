/** Sections of logs, as the tools that write them mark them; the master finds the marks, wherever they are. */

import { plainText } from "./ansi";

/** What the master is asked to look for; RE2. GitHub and Azure, GitLab, Travis, Buildkite. */
export const MARKS = "##\\[(end)?group\\]|::(end)?group::|section_(start|end):[0-9]+:|travis_fold:(start|end):|^(---|\\+\\+\\+|~~~) \\S";

/** A line that begins or ends a section. */
export interface Mark {
  readonly line: number;
  readonly what: "begin" | "end" | "heading";
  /** By which an end finds its begin; empty: the nearest one. */
  readonly name: string;
  readonly title: string;
  readonly isShut: boolean;
}

/** Lines of a section: the first one is its heading. */
export interface Fold {
  readonly start: number;
  /** Behind its last line. */
  readonly end: number;
  readonly title: string;
  readonly depth: number;
  /** Whoever has written it wants it shut. */
  readonly isShut: boolean;
}

// what go, TAP and unified diffs print is no heading
const NO_HEADING = /^(?:--- (?:FAIL|PASS|SKIP|BENCH)\b|(?:---|\+\+\+) (?:a\/|b\/|\/dev\/null|\S+\t))/;

/** What a line that the master has found says; null for what only looks like it. */
export function markOf(line: number, written: string): Mark | null {
  // the marks of GitLab and Travis are overwritten on a terminal
  const raw = written.replace(/\x1b\[[0-9;]*[A-Za-z]/g, ""); // eslint-disable-line no-control-regex
  const group = /^(?:.*?\s)??(?:##\[|::)(end)?group(?:\]|::)(.*)$/.exec(raw);
  if (group) return { line, what: group[1] ? "end" : "begin", name: "", title: plainText(group[2] ?? "").trim(), isShut: false };
  const section = /section_(start|end):\d+:([^\r[\s]+)(\[[^\]]*\])?\r?(.*)$/.exec(raw);
  if (section) {
    const [, kind, name = "", options = "", title = ""] = section;
    return { line, what: kind === "end" ? "end" : "begin", name, title: plainText(title).trim() || name, isShut: options.includes("collapsed=true") };
  }
  const travis = /travis_fold:(start|end):([^\r\s]+)\r?(.*)$/.exec(raw);
  if (travis) return { line, what: travis[1] === "end" ? "end" : "begin", name: travis[2] ?? "", title: plainText(travis[3] ?? "").trim() || (travis[2] ?? ""), isShut: false };
  const heading = /^(?:---|\+\+\+|~~~) (\S.*)$/.exec(raw);
  if (!heading || NO_HEADING.test(raw)) return null;
  return { line, what: "heading", name: "", title: plainText(heading[1] ?? "").trim(), isShut: false };
}

interface Open extends Mark {
  readonly depth: number;
}

/**
 * The sections that marks make, by their first lines; one within another, never across.
 * @param total lines of the log: what was not ended goes on to its end
 */
export function foldsOf(marks: readonly Mark[], total: number): Fold[] {
  const found: Fold[] = [];
  const open: Open[] = [];
  const shut = (count: number, end: number): void => {
    while (open.length > count) {
      const one = open.pop();
      if (one && end - one.line > 1) found.push({ start: one.line, end, title: one.title, depth: one.depth, isShut: one.isShut });
    }
  };
  for (const mark of marks) {
    if (mark.what === "end") {
      const at = open.findLastIndex((one) => one.what === "begin" && one.name === mark.name);
      if (at >= 0) {
        shut(at + 1, mark.line);
        shut(at, mark.line + 1);
      }
      continue;
    }
    if (mark.what === "heading" && open[open.length - 1]?.what === "heading") shut(open.length - 1, mark.line);
    open.push({ ...mark, depth: open.length });
  }
  shut(0, total);
  return found.sort((one, other) => one.start - other.start || other.end - one.end);
}

/** The sections that a line is in, outermost first; with its heading it is in none of its own lines that can be hidden. */
export function foldsAround(folds: readonly Fold[], line: number): Fold[] {
  return folds.filter((fold) => line > fold.start && line < fold.end);
}
