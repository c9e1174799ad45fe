/** The sections of a log: found by the master wherever they are, shut and opened by the reader, and remembered. */

import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { Log, LogHit } from "../../api/schema";
import { streamRows } from "../../api/client";
import { MARKS, foldsAround, foldsOf, markOf, type Fold, type Mark } from "../../lib/folds";
import { Visible, type Hidden } from "../../lib/visible";
import { keepChoices, keptChoices, type Choices } from "./kept";

/** A log of more lines is looked through only when its reader asks for that. */
const BY_ITSELF_LINES = 200_000;
const MOST_MARKS = 5_000;
const AT_ONCE = 1_000;
const PAUSE_MS = 1_500;

export interface Sections {
  readonly folds: readonly Fold[];
  readonly visible: Visible;
  /** Changes with what is hidden. */
  readonly hiddenKey: string;
  /** The section that begins in a line. */
  readonly at: (line: number) => Fold | undefined;
  readonly isShut: (fold: Fold) => boolean;
  readonly toggle: (fold: Fold) => void;
  readonly toggleAll: () => void;
  /** Open what a line is hidden in. */
  readonly reveal: (line: number) => void;
  /** To be called where nobody has looked for sections; undefined where somebody has. */
  readonly ask: (() => void) | undefined;
}

/** @param place of the log among all: what is remembered for the next log there */
export function useSections(log: Log, place: string): Sections {
  const total = log.num_lines;
  const [isAsked, setAsked] = useState(total <= BY_ITSELF_LINES);
  const [marks, setMarks] = useState<readonly Mark[]>([]);
  const searched = useRef(0);
  useEffect(() => {
    if (!isAsked || searched.current >= total) return;
    const controller = new AbortController();
    const look = async (): Promise<void> => {
      let from: number | null = searched.current;
      const found: Mark[] = [];
      while (from !== null && found.length < MOST_MARKS) {
        const path: string = `logs/${log.logid}/search?q=${encodeURIComponent(MARKS)}&regex=1&limit=${AT_ONCE}&offset=${from}`;
        const meta: Record<string, unknown> | undefined = await streamRows<LogHit>(path, controller.signal, (hits) => {
          found.push(...hits.flatMap((hit) => (hit.stream === "h" ? [] : (markOf(hit.line, hit.text) ?? []))));
          return true;
        });
        from = typeof meta?.["next"] === "number" ? meta["next"] : null;
      }
      searched.current = total;
      if (found.length) setMarks((before) => [...before, ...found].slice(0, MOST_MARKS));
    };
    // a log that grows is not looked through for each of its lines
    const timer = setTimeout(() => void look().catch(() => undefined), searched.current === 0 ? 0 : PAUSE_MS);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [log.logid, total, isAsked]);

  const folds = useMemo(() => foldsOf(marks, total), [marks, total]);
  const names = useMemo(() => namesOf(folds), [folds]);
  const starts = useMemo(() => new Map(folds.map((fold) => [fold.start, fold])), [folds]);
  const [choices, setChoices] = useState<Choices>(() => keptChoices(place));
  const isShut = useCallback((fold: Fold): boolean => choices[names.get(fold.start) ?? ""] ?? fold.isShut, [choices, names]);
  const choose = useCallback(
    (some: readonly Fold[], shut: boolean): void => {
      if (some.length === 0) return;
      setChoices((before) => {
        const next = { ...before, ...Object.fromEntries(some.map((fold) => [names.get(fold.start) ?? "", shut])) };
        keepChoices(place, next);
        return next;
      });
    },
    [names, place],
  );
  const hidden = useMemo(() => folds.filter(isShut).map(({ start, end }): Hidden => [start + 1, end]), [folds, isShut]);
  const visible = useMemo(() => new Visible(total, hidden), [total, hidden]);
  return {
    folds,
    visible,
    hiddenKey: hidden.join(" "),
    at: (line) => starts.get(line),
    isShut,
    toggle: (fold) => choose([fold], !isShut(fold)),
    toggleAll: () => choose(folds, folds.some((fold) => !isShut(fold))),
    reveal: (line) => choose(foldsAround(folds, line).filter(isShut), false),
    ask: isAsked ? undefined : () => setAsked(true),
  };
}

/** By first line: the title of a section, and which of those with the same title it is. */
function namesOf(folds: readonly Fold[]): ReadonlyMap<number, string> {
  const counts = new Map<string, number>();
  return new Map(
    folds.map(({ start, title }) => {
      const count = (counts.get(title) ?? 0) + 1;
      counts.set(title, count);
      return [start, `${title}#${count}`];
    }),
  );
}
