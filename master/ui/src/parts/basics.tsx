/** Small pieces that all pages use. */

import type { LinkProps } from "@tanstack/react-router";
import { createContext, useContext, useEffect, useRef, useState, type ComponentProps, type ReactNode } from "react";
import { ApiError } from "../api/client";
import { config } from "../api/config";
import bad from "../icons/bad.svg";
import good from "../icons/good.svg";
import neutral from "../icons/neutral.svg";
import running from "../icons/running.svg";
import { remember } from "../lib/recent";
import { formatAgo, formatDuration, formatInstant } from "../lib/time";
import { SIGNS, lookOf, type Look } from "../lib/results";
import { PIECES, shapeOf } from "../lib/shapes";
import { waysOut } from "../lib/ways";
import { text } from "../text";
import { PAGES } from "./places";
import { useSetting } from "./settings";

/** A result as a coloured sign with its name. */
export function Result({ results, look = lookOf(results), label }: { results?: number | null; look?: Look; label?: string }): ReactNode {
  return (
    <span className={`result ${look}`}>
      <span aria-hidden="true" className="sign">
        {SIGNS[look]}
      </span>{" "}
      {label ?? text.looks[look]}
    </span>
  );
}

/** Only the sign; its name is for screen readers and the mouse. */
export function Mark({ look }: { look: Look }): ReactNode {
  return (
    <span className={`mark ${look}`} role="img" aria-label={text.looks[look]} title={text.looks[look]}>
      {SIGNS[look]}
    </span>
  );
}

const SECOND_MS = 1_000;
let ticks: ReturnType<typeof setInterval> | undefined;
const watchers = new Set<() => void>();

/** The present second; the page is drawn again when it changes. */
export function useNow(isTicking = true): number {
  const [now, setNow] = useState(() => Date.now() / 1000);
  useEffect(() => {
    if (!isTicking) return;
    const watcher = (): void => setNow(Date.now() / 1000);
    watchers.add(watcher);
    ticks ??= setInterval(() => watchers.forEach((one) => one()), SECOND_MS);
    return () => {
      watchers.delete(watcher);
      if (watchers.size === 0) {
        clearInterval(ticks);
        ticks = undefined;
      }
    };
  }, [isTicking]);
  return now;
}

/** An instant, as people say it; or exactly, where the reader wants that. */
export function Ago({ at }: { at: number }): ReactNode {
  const isExact = useSetting("Pages.times") === "exact";
  const now = useNow(!isExact);
  const [told, hint] = isExact ? [formatInstant(at), formatAgo(at, now)] : [formatAgo(at, now), formatInstant(at)];
  return (
    <time dateTime={new Date(at * 1000).toISOString()} title={hint}>
      {told}
    </time>
  );
}

/** How long something took, or takes. */
export function Duration({ from, to }: { from: number | null; to: number | null }): ReactNode {
  const now = useNow(to === null && from !== null);
  if (from === null) return null;
  return <span className="duration">{formatDuration((to ?? now) - from)}</span>;
}

/** A part of a page under a heading. */
export function Section({ title, children, id, aside }: { title: ReactNode; children: ReactNode; id?: string; aside?: ReactNode }): ReactNode {
  return (
    <section className="card" id={id}>
      <header className="card-head">
        <h2>{title}</h2>
        {aside}
      </header>
      {children}
    </section>
  );
}

interface EmptyProps {
  readonly children: ReactNode;
  /** How there comes to be something. */
  readonly hint?: ReactNode;
  /** A link to where that is done. */
  readonly next?: ReactNode;
}

/** What is said where there is nothing to show, and what to do about it. */
export function Empty({ children, hint, next }: EmptyProps): ReactNode {
  return (
    <div className="empty">
      <p>{children}</p>
      {hint && <p className="muted">{hint}</p>}
      {next && <p>{next}</p>}
    </div>
  );
}

/** What a hook for a document gives. */
export interface Loaded<T> {
  readonly data: T | undefined;
  readonly error: Error | null;
  readonly refetch: () => unknown;
}

/** A document: the page, or why there is none yet. What was shown before stays while it is read again. */
export function Document<T>({ query, children }: { query: Loaded<T>; children: (data: T) => ReactNode }): ReactNode {
  if (query.data !== undefined && !(query.error instanceof ApiError && query.error.status === 404)) return children(query.data);
  if (query.error) return <Problem error={query.error} again={() => void query.refetch()} hasWays />;
  return <Loading />;
}

/** The path of the present address, also before the router knows it. */
function pathHere(): string {
  return location.hash.slice(1).split(/[?#]/)[0] ?? "";
}

/** Roughly the page that will come, or a few lines within a card; shown after a moment only, so that nothing flickers. */
export function Loading(): ReactNode {
  const shape = shapeOf(pathHere());
  return (
    <div className={`loading ${shape}`} role="status">
      <span className="visually-hidden">{text.common.loading}</span>
      {Array.from({ length: PIECES[shape] }, (_, index) => (
        <div key={index} className="skeleton" />
      ))}
    </div>
  );
}

interface ProblemProps {
  readonly error: Error;
  readonly again?: () => void;
  /** It stands for the page: what is not there is followed by links to where it would have been found. */
  readonly hasWays?: boolean;
  readonly children?: ReactNode;
}

/** Why something is not shown. */
export function Problem({ error, again, hasWays = false, children }: ProblemProps): ReactNode {
  const status = error instanceof ApiError ? error.status : 0;
  const title = status === 404 ? text.common.absent : status === 401 || status === 403 ? text.common.forbidden : text.common.failed;
  return (
    <div className="card problem" role="alert">
      <h1>{title}</h1>
      <p>{status === 404 ? text.common.absentThing : error.message}</p>
      {again && status !== 404 && (
        <button type="button" onClick={again}>
          {text.common.again}
        </button>
      )}
      {hasWays && status === 404 && <Ways />}
      {children}
    </div>
  );
}

/** Links to where what should be at the present address would have been found. */
function Ways(): ReactNode {
  const pages = PAGES.map(([address, label]) => ({ address, label }));
  return (
    <ul className="plain ways">
      {waysOut(pathHere(), pages, text.common).map(({ address, label }) => (
        <li key={address}>
          <Plain to={address}>{label}</Plain>
        </li>
      ))}
    </ul>
  );
}

/** Opens the palette, where there is one. */
export const OpenPalette = createContext<(() => void) | null>(null);

/** What is at an address that nothing has. */
export function NotFound(): ReactNode {
  useTitle(`${text.common.absent} · ${config().title}`);
  const open = useContext(OpenPalette);
  return (
    <Problem error={new ApiError(404, "")} hasWays>
      {open && (
        <button type="button" onClick={open} aria-keyshortcuts="Control+K">
          {text.palette.label}… <kbd>Ctrl K</kbd>
        </button>
      )}
    </Problem>
  );
}

/** Parts that the reader may not see. */
export function Withheld({ parts }: { parts: readonly string[] }): ReactNode {
  return parts.length ? <p className="note">{text.common.withheld(parts.join(", "))}</p> : null;
}

const ICONS = { bad, good, neutral, running };
export type PageIcon = keyof typeof ICONS;

/** The title of the page, with what browsers show in its tab. */
export function useTitle(title: string, icon: PageIcon = "neutral"): void {
  useEffect(() => {
    document.title = title;
    const [address = ""] = location.hash.slice(1).split("#");
    remember({ label: title.replace(` · ${config().title}`, ""), kind: "", address });
    const link = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
    if (link) link.href = ICONS[icon];
  }, [title, icon]);
}

/** The icon for a result. */
export function iconOf(results: number | null): PageIcon {
  const look = lookOf(results);
  if (look === "running") return "running";
  return look === "success" || look === "warnings" ? "good" : look === "skipped" || look === "cancelled" || look === "retry" ? "neutral" : "bad";
}

/**
 * A link to one of these pages, by its address behind `#`. Pages have hundreds of them, so they are the browser's own: a
 * router's link reckons its address and whether it is active with every drawing.
 */
export function Plain({ to, ...more }: { to: string } & Omit<ComponentProps<"a">, "href">): ReactNode {
  return <a href={`#${to}`} {...more} />;
}

export function BuilderLink({ id, children }: { id: number; children: ReactNode }): ReactNode {
  return <Plain to={`/builders/${id}`}>{children}</Plain>;
}

export function BuildLink({ builder, number, ...more }: { builder: number; number: number; children: ReactNode; className?: string; title?: string; "aria-label"?: string }): ReactNode {
  return <Plain to={`/builders/${builder}/builds/${number}`} {...more} />;
}

export function WorkerLink({ id, children }: { id: number; children: ReactNode }): ReactNode {
  return <Plain to={`/workers/${id}`}>{children}</Plain>;
}

export type To = NonNullable<LinkProps["to"]>;

/** A dialog of the browser's own: it keeps the focus, closes with Escape, and hides what is behind from screen readers. */
export function Dialog({ title, onClose, children, className = "" }: { title: string; onClose: () => void; children: ReactNode; className?: string }): ReactNode {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = element.current;
    if (!dialog || dialog.open) return;
    dialog.showModal();
    // the browser would begin with the button that closes it
    dialog.querySelector<HTMLElement>("input, select, textarea")?.focus();
  }, []);
  return (
    <dialog
      ref={element}
      className={className}
      aria-label={title}
      onClose={onClose}
      onClick={(event) => event.target === element.current && element.current?.close()}
    >
      <div className="dialog-body">
        <header className="card-head">
          <h2>{title}</h2>
          <button type="button" className="quiet" onClick={() => element.current?.close()} aria-label={text.common.close}>
            ✕
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}
