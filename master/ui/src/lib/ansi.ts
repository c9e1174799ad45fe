/**
 * Colours in logs. Only SGR sequences have an effect; every other control sequence (links, titles, the clipboard, movements)
 * is dropped, and so are control characters. What comes out is text with names of classes, never HTML.
 */

export interface Style {
  readonly fg: string;
  readonly bg: string;
  readonly bold: boolean;
  readonly dim: boolean;
  readonly italic: boolean;
  readonly underline: boolean;
  readonly inverse: boolean;
  readonly strike: boolean;
}

export interface Segment {
  readonly text: string;
  /** Names of classes, separated by blanks; empty for plain text. */
  readonly className: string;
}

export const PLAIN: Style = { fg: "", bg: "", bold: false, dim: false, italic: false, underline: false, inverse: false, strike: false };

// CSI; OSC, DCS, PM, APC, SOS up to their end, or to the end of the line; two-character escapes; a lone escape
// eslint-disable-next-line no-control-regex
const SEQUENCE = /(?:\x1b\[|\x9b)([0-?]*)[ -/]*([@-~])|(?:\x1b[\]PX^_]|[\x90\x98\x9d\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c|$)?|\x1b[ -/]*[0-~]?|[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;
const COLOURS = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"] as const;

/**
 * Split a line into segments of one style.
 * @param style what the line before has ended with
 * @returns the segments, and the style for the next line
 */
export function parseAnsi(line: string, style: Style): { segments: Segment[]; style: Style } {
  const text = lastOverwrite(line);
  const segments: Segment[] = [];
  let from = 0;
  const push = (piece: string): void => {
    if (!piece) return;
    const className = classOf(style);
    const last = segments[segments.length - 1];
    if (last && last.className === className) segments[segments.length - 1] = { text: last.text + piece, className };
    else segments.push({ text: piece, className });
  };
  for (const found of text.matchAll(SEQUENCE)) {
    push(text.slice(from, found.index));
    from = found.index + found[0].length;
    if (found[2] === "m") style = applied(style, found[1] ?? "");
  }
  push(text.slice(from));
  return { segments, style };
}

/** Its text without any control sequence. */
export function plainText(line: string): string {
  return lastOverwrite(line).replace(SEQUENCE, "");
}

/** What is left to see of a line that a progress bar has written over and over. */
function lastOverwrite(line: string): string {
  if (!line.includes("\r")) return line;
  const parts = line.split("\r").filter((part) => part !== "");
  return parts[parts.length - 1] ?? "";
}

function applied(style: Style, parameters: string): Style {
  const parts = parameters === "" ? ["0"] : parameters.split(";");
  // what has parts of its own is taken for itself: 4:3 is one underline, not an underline and italics
  const codes = parts.map((part) => (part.includes(":") ? NaN : Number(part || 0)));
  let next = style;
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i] ?? 0;
    if (Number.isNaN(code)) next = withParts(next, (parts[i] ?? "").split(":").map(Number));
    else if (code === 0) next = PLAIN;
    else if (code === 1) next = { ...next, bold: true };
    else if (code === 2) next = { ...next, dim: true };
    else if (code === 3) next = { ...next, italic: true };
    else if (code === 4) next = { ...next, underline: true };
    else if (code === 7) next = { ...next, inverse: true };
    else if (code === 9) next = { ...next, strike: true };
    else if (code === 27) next = { ...next, inverse: false };
    else if (code === 29) next = { ...next, strike: false };
    else if (code === 22) next = { ...next, bold: false, dim: false };
    else if (code === 23) next = { ...next, italic: false };
    else if (code === 24) next = { ...next, underline: false };
    else if (code >= 30 && code <= 37) next = { ...next, fg: COLOURS[code - 30] ?? "" };
    else if (code >= 90 && code <= 97) next = { ...next, fg: COLOURS[code - 90] ?? "" };
    else if (code >= 40 && code <= 47) next = { ...next, bg: COLOURS[code - 40] ?? "" };
    else if (code >= 100 && code <= 107) next = { ...next, bg: COLOURS[code - 100] ?? "" };
    else if (code === 39) next = { ...next, fg: "" };
    else if (code === 49) next = { ...next, bg: "" };
    else if (code === 38 || code === 48 || code === 58) {
      const isIndexed = codes[i + 1] === 5;
      const colour = isIndexed ? indexed(codes[i + 2] ?? 0) : nearest(codes[i + 2] ?? 0, codes[i + 3] ?? 0, codes[i + 4] ?? 0);
      if (code !== 58) next = code === 38 ? { ...next, fg: colour } : { ...next, bg: colour }; // 58: of an underline
      i += isIndexed ? 2 : 4;
    }
  }
  return next;
}

/** After a code with parts of its own: ``4:3``, ``38:5:1``, ``38:2::255:0:0``. */
function withParts(style: Style, [code, kind, ...more]: number[]): Style {
  if (code === 4) return { ...style, underline: kind !== 0 };
  if (code !== 38 && code !== 48) return style;
  const [red = 0, green = 0, blue = 0] = more.slice(-3);
  const colour = kind === 5 ? indexed(more[0] ?? 0) : nearest(red, green, blue);
  return code === 38 ? { ...style, fg: colour } : { ...style, bg: colour };
}

function indexed(index: number): string {
  if (index < 16) return COLOURS[index % 8] ?? "";
  if (index >= 232) return index < 244 ? "black" : "white";
  const cube = index - 16;
  return nearest(Math.floor(cube / 36) * 51, (Math.floor(cube / 6) % 6) * 51, (cube % 6) * 51);
}

/** The nearest of the eight colours that both themes can show with enough contrast. */
function nearest(red: number, green: number, blue: number): string {
  const most = Math.max(red, green, blue);
  if (most < 64) return "black";
  const bit = (value: number): number => (value > most / 2 ? 1 : 0);
  return COLOURS[bit(red) | (bit(green) << 1) | (bit(blue) << 2)] ?? "";
}

function classOf(style: Style): string {
  const names: string[] = [];
  if (style.fg) names.push(`fg-${style.fg}`);
  if (style.bg) names.push(`bg-${style.bg}`);
  if (style.bold) names.push("ansi-bold");
  if (style.dim) names.push("ansi-dim");
  if (style.italic) names.push("ansi-italic");
  if (style.underline) names.push("ansi-underline");
  if (style.inverse) names.push("ansi-inverse");
  if (style.strike) names.push("ansi-strike");
  return names.join(" ");
}
