/** The line of a failed step's log that says what is wrong, and the lines around it. */

import { plainText } from "./ansi";
import type { Line } from "./lines";

interface Sign {
  readonly pattern: RegExp;
  readonly weight: number;
}

// heavier: says more surely that this is the cause. Compilers, linkers, test runners, interpreters, shells.
const SIGNS: readonly Sign[] = [
  { pattern: /^[^\s:]+:\d+(?::\d+)?:\s*(?:fatal )?error\b/i, weight: 100 }, // file:1:2: error: ...
  { pattern: /\berror\[[A-Z]+\d+\]|\berror (?:TS|CS|C|LNK)\d+\b/, weight: 100 },
  { pattern: /^[\w.]*(?:Error|Exception)\b(?::|$)/, weight: 95 }, // the last line of a Python or Java trace
  { pattern: /^E\s{2,}\S/, weight: 94 }, // pytest
  { pattern: /undefined reference to|cannot find -l|unresolved external/, weight: 92 },
  { pattern: /\bpanic(?:ked at|:)|Segmentation fault|core dumped|Assertion .*failed|AddressSanitizer/, weight: 92 },
  { pattern: /^(?:FAILED|FAIL:?|--- FAIL|not ok)\b/, weight: 85 },
  { pattern: /^\s*(?:fatal|error|ERROR|FATAL)\b[\s:!]/, weight: 80 },
  { pattern: /No space left on device|Permission denied|command not found|No such file or directory|Connection refused|timed out/i, weight: 75 },
  { pattern: /\b(?:Killed|OOM|out of memory)\b/i, weight: 70 },
  { pattern: /\b(?:error|failed|failure|exception)\b/i, weight: 30 },
];
const NONE_COUNTED = /\b(?:0|no) (?:errors?|failures?|failed)\b/i;
// what only repeats that something failed
const ECHOES = /\*\*\* \[|returned non-zero|exit(?:ed with)? (?:code|status)|Error \d+$|make(?:\[\d+\])?: |npm (?:ERR!|error) (?:code|errno|A complete log)|=====/i;

/** How surely a line says what is wrong; 0: not at all. */
export function weightOf(line: Line): number {
  if (line.stream === "h") return 0;
  const text = plainText(line.text);
  if (NONE_COUNTED.test(text) && !/\b[1-9]\d* (?:errors?|failures?|failed)\b/i.test(text)) return 0;
  const echo = ECHOES.test(text);
  for (const { pattern, weight } of SIGNS) {
    if (pattern.test(text)) return echo ? Math.min(weight, 10) : weight + (line.stream === "e" ? 2 : 0);
  }
  return 0;
}

/**
 * The index of the line that matters; -1 if there is no output at all. The heaviest one, of equal ones the first: what comes
 * behind mostly follows from it. Without any sign: the last line of output.
 */
export function tellingLine(lines: readonly Line[]): number {
  let found = -1;
  let heaviest = 0;
  let last = -1;
  lines.forEach((line, index) => {
    if (line.stream !== "h" && line.text.trim() !== "") last = index;
    const weight = weightOf(line);
    if (weight > heaviest) [found, heaviest] = [index, weight];
  });
  return found >= 0 ? found : last;
}

/** Bounds of the excerpt around a line: the first, and the one behind the last. */
export function excerptAround(index: number, count: number, before = 4, after = 8): [number, number] {
  return [Math.max(0, index - before), Math.min(count, index + after + 1)];
}
