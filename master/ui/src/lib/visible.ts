/** Which lines of a log are shown, when some of its sections are shut: rows of the list, and the lines that stand in them. */

/** Lines that are not shown: from the first one up to but not with the second. */
export type Hidden = readonly [from: number, to: number];

export class Visible {
  private readonly hidden: readonly Hidden[];
  /** How many lines are hidden before each of them. */
  private readonly before: readonly number[];
  /** Rows that there are. */
  readonly rows: number;

  /** @param hidden in any order, one within another perhaps */
  constructor(
    private readonly total: number,
    hidden: readonly Hidden[] = [],
  ) {
    const merged: [number, number][] = [];
    for (const [from, to] of [...hidden].sort((one, other) => one[0] - other[0])) {
      const last = merged[merged.length - 1];
      if (last && from <= last[1]) last[1] = Math.max(last[1], to);
      else if (to > from) merged.push([from, to]);
    }
    this.hidden = merged;
    let count = 0;
    this.before = merged.map(([from, to]) => {
      const found = count;
      count += Math.min(to, total) - Math.min(from, total);
      return found;
    });
    this.rows = total - count;
  }

  /** The line that stands in a row. */
  lineAt(row: number): number {
    let low = 0;
    let high = this.hidden.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.from(middle) - this.count(middle) <= row) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? row : row + this.count(low - 1) + this.length(low - 1);
  }

  /** The row of a line; of one that is hidden that of the line before all that is hidden with it. */
  rowOf(line: number): number {
    const wanted = Math.min(line, Math.max(0, this.total - 1));
    let low = 0;
    let high = this.hidden.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.from(middle) <= wanted) low = middle + 1;
      else high = middle;
    }
    if (low === 0) return wanted;
    const [from, to] = this.hidden[low - 1] as Hidden;
    return wanted < to ? Math.max(0, from - this.count(low - 1) - 1) : wanted - this.count(low - 1) - this.length(low - 1);
  }

  /** The lines in some rows, as pieces that follow one another without a gap. */
  pieces(first: number, end: number): [number, number][] {
    const found: [number, number][] = [];
    for (let row = Math.max(0, first); row < Math.min(end, this.rows); row++) {
      const line = this.lineAt(row);
      const last = found[found.length - 1];
      if (last && last[1] === line) last[1] = line + 1;
      else found.push([line, line + 1]);
    }
    return found;
  }

  private from(index: number): number {
    return this.hidden[index]?.[0] ?? 0;
  }

  private count(index: number): number {
    return this.before[index] ?? 0;
  }

  private length(index: number): number {
    const [from, to] = this.hidden[index] ?? [0, 0];
    return Math.min(to, this.total) - Math.min(from, this.total);
  }
}
