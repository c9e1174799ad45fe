/** The line of a failed step's logs that says what is wrong, and the lines around it. */

import { plainText } from "./ansi";
import type { Line } from "./lines";

interface Sign {
  readonly pattern: RegExp;
  readonly weight: number;
}

/** From here on a line is taken as the reason; below it is a guess, and the rest of the log is looked at. */
export const SURE = 70;

// heavier: says more surely that this is the cause. Compilers, linkers, test runners, interpreters, shells, tools.
const SIGNS: readonly Sign[] = [
  { pattern: /^[^\s:]+:\d+(?::\d+)?:\s*(?:fatal )?error\b/i, weight: 100 }, // file:1:2: error: ...
  { pattern: /\berror\[[A-Z]+\d+\]|\berror (?:TS|CS|C|LNK)\d+\b/, weight: 100 },
  { pattern: /^Caused by: /, weight: 96 }, // Java: the exception that an exception was made of
  { pattern: /^\s+\d+:\d+\s+error\b/, weight: 96 }, // eslint
  { pattern: /^[\w.]*(?:Error|Exception)\b(?::|$)|^Exception in thread /, weight: 95 }, // the last line of a Python or Java trace
  { pattern: /^E\s{2,}\S/, weight: 94 }, // pytest
  { pattern: /No space left on device|Disk quota exceeded|heap out of memory|Cannot allocate memory/i, weight: 93 },
  { pattern: /undefined reference to|undefined symbol|multiple definition of|cannot find -l|unresolved external|Undefined symbols for/, weight: 92 },
  { pattern: /\bpanic(?:ked at|:)|Segmentation fault|core dumped|Assertion .*failed|AddressSanitizer/, weight: 92 },
  { pattern: /^\S+:\d+: \*\*\* |No rule to make target/, weight: 90 },
  { pattern: /\bsyntax error\b|unexpected end of file|unexpected EOF/i, weight: 90 },
  { pattern: /hunks? FAILED\b|\*\*\*\* malformed patch|^can't find file to patch|Only garbage was found in the patch/, weight: 88 },
  { pattern: /^[^\s:]+:\d+:\d+: [A-Z]+\d+\b/, weight: 88 }, // linters: file:1:2: F401 ...
  { pattern: /^(?:FAILED|FAIL:?|--- FAIL|not ok)\b(?!.*# (?:TODO|SKIP))|\*\*\*(?:Failed|Exception|Timeout)\b|\bFAILED$/, weight: 85 },
  { pattern: /^(?:\S+: line \d+:\s+\d+ )?Killed\b|\bout of memory\b/i, weight: 85 },
  {
    pattern:
      /Permission denied|Connection (?:refused|reset|timed out)|Could not resolve host|Name or service not known|failure in name resolution|Network is unreachable|certificate verify failed|Failed to connect/i,
    weight: 82,
  },
  { pattern: /^\s*(?:fatal|error|ERROR|FATAL|\[ERROR\])(?:$|[\s:!])/, weight: 80 },
  { pattern: /command not found|: not found$|No such file or directory|timed out|Cannot find module/i, weight: 75 },
  { pattern: /\b(?:Killed|OOM)\b/, weight: 70 },
  { pattern: /\b(?:error|failed|failure|exception)\b/i, weight: 30 },
  { pattern: /\bwarning\b/i, weight: 20 },
];
// what the worker says about the command
const WORKERS_SIGNS: readonly Sign[] = [
  { pattern: /^command (?:timed out|exceeds max lines)/, weight: 110 }, // whatever it wrote before: this has ended it
  { pattern: /^(?:cannot run |fork: |cannot make the working directory)/, weight: 110 },
  { pattern: /^process killed by signal (?:4|6|7|8|11)$/, weight: 90 },
  { pattern: /^program finished with exit code 139$/, weight: 89 },
  { pattern: /^process killed by signal 9$/, weight: 72 },
  { pattern: /^program finished with exit code 137$/, weight: 71 },
  { pattern: /^program finished with exit code 12[67]$/, weight: 60 },
];
const NONE_COUNTED = /\b(?:0|no) (?:errors?|failures?|failed)\b|\b(?:errors?|failures?|failed)[:=] ?0\b/i;
const SOME_COUNTED = /\b[1-9]\d* (?:errors?|failures?|failed)\b|\b(?:errors?|failures?|failed)[:=] ?[1-9]/i;
// what only repeats that something failed, or shows a command before it runs
const ECHOES =
  /\*\*\* \[|returned non-zero|exit(?:ed with)? (?:code|status)|^make.*Error \d+$|npm (?:ERR!|error) (?:code|errno|A complete log)|=====|^\++ /i;
// a tool that goes on says so
const MILD = /^\s*(?:\[?(?:warning|warn|note|info|debug)\]?)\b|:\s*(?:warning|note):/i;
const MOST_OF_ECHO = 10;
const MOST_OF_MILD = 25;

/** How surely a line says what is wrong; 0: not at all. */
export function weightOf(line: Line): number {
  const text = plainText(line.text);
  if (line.stream === "h") return heaviest(WORKERS_SIGNS, text);
  if (NONE_COUNTED.test(text) && !SOME_COUNTED.test(text)) return 0;
  const weight = heaviest(SIGNS, text);
  if (weight === 0) return 0;
  if (ECHOES.test(text)) return Math.min(weight, MOST_OF_ECHO);
  return (MILD.test(text) ? Math.min(weight, MOST_OF_MILD) : weight) + (line.stream === "e" ? 2 : 0);
}

function heaviest(signs: readonly Sign[], text: string): number {
  return signs.find(({ pattern }) => pattern.test(text))?.weight ?? 0;
}

/** A line of a log by its index, and how surely it says what is wrong. */
export interface Telling {
  readonly at: number;
  readonly weight: number;
}

/** What the name of a log says of its lines. */
export interface Weights {
  /** What each line weighs at least: some logs only list what is wrong. */
  readonly base: number;
  /** What the last one weighs at least, as that of a trace. */
  readonly last: number;
}

/**
 * The line that matters; its index is -1 if there is no output at all. The heaviest one, of equal ones the first: what comes
 * behind mostly follows from it. Without any sign: the last line of output, or what the worker says of its end.
 */
export function tellingLine(lines: readonly Line[], { base, last: lastWeight }: Weights = { base: 0, last: 0 }): Telling {
  let found: Telling = { at: -1, weight: 0 };
  let last = -1;
  let end = -1;
  lines.forEach((line, at) => {
    const isBlank = line.text.trim() === "";
    if (line.stream !== "h" && !isBlank) last = at;
    if (line.stream === "h" && /^program finished with exit code (?!0$)|^process killed/.test(line.text)) end = at;
    const weight = Math.max(weightOf(line), line.stream === "h" || isBlank ? 0 : base);
    if (weight > found.weight) found = { at, weight };
  });
  if (last >= 0 && lastWeight > found.weight) return { at: last, weight: lastWeight };
  return found.at >= 0 ? found : { at: last >= 0 ? last : end, weight: 0 };
}

/** Bounds of the excerpt around a line: the first, and the one behind the last. */
export function excerptAround(index: number, count: number, before = 4, after = 8): [number, number] {
  return [Math.max(0, index - before), Math.min(count, index + after + 1)];
}

/** What the master looks for in a whole log whose end says nothing; RE2. */
export const ANYWHERE =
  "(^|\\s)(fatal |internal )?error\\b[:\\[ ]|^\\S*(Error|Exception):|^E {2,}\\S|undefined reference|panic:|panicked at|Segmentation fault" +
  "|No space left|^not ok |^--- FAIL|^FAILED? |Permission denied|Connection refused|No rule to make target|[Ss]yntax error";
