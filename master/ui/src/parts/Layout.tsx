/** What is around every page. */

import { Outlet, useNavigate, useRouter, useRouterState } from "@tanstack/react-router";
import { useCallback, useEffect, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import { config } from "../api/config";
import { live } from "../api/live";
import { useConnection } from "../api/queries";
import { DEFINITIONS } from "../lib/settings";
import { text } from "../text";
import { Dialog, OpenPalette, Plain, type To } from "./basics";
import { MAIN, MORE, dashboards } from "./places";
import { Palette } from "./Palette";
import { Session } from "./session";
import { choose, useSetting } from "./settings";

export function Layout(): ReactNode {
  const [opened, setOpened] = useState<"palette" | "help" | null>(null);
  useShortcuts(setOpened);
  useLinks();
  const openPalette = useCallback(() => setOpened("palette"), []);
  const [isMenuOpen, setMenuOpen] = useState(false);
  const path = useRouterState({ select: (state) => state.location.pathname });
  const main = useRef<HTMLElement>(null);
  const shown = useRef(path);
  useEffect(() => {
    if (shown.current === path) return;
    shown.current = path;
    setMenuOpen(false);
    main.current?.focus({ preventScroll: true }); // a screen reader begins with the new page
  }, [path]);
  return (
    <>
      <a
        className="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          main.current?.focus();
        }}
      >
        {text.nav.skip}
      </a>
      <header className="top">
        <Plain to="/" className="brand">
          {config().title}
        </Plain>
        <button type="button" className="menu-button" aria-expanded={isMenuOpen} aria-controls="nav" onClick={() => setMenuOpen(!isMenuOpen)}>
          {text.nav.menu}
        </button>
        <nav id="nav" aria-label={text.nav.main} className={isMenuOpen ? "open" : ""}>
          <ul>
            {MAIN.map(([to, label]) => (
              <li key={to}>
                <Place to={to} path={path}>
                  {label}
                </Place>
              </li>
            ))}
            <li>
              <More path={path} />
            </li>
          </ul>
          <div className="tools">
            <button type="button" className="quiet" onClick={openPalette} aria-keyshortcuts="Control+K">
              {text.palette.label} <kbd>Ctrl K</kbd>
            </button>
            <ThemeChoice />
            <Session />
          </div>
        </nav>
      </header>
      <Banner />
      <main id="main" ref={main} tabIndex={-1}>
        <OpenPalette value={openPalette}>
          <Outlet />
        </OpenPalette>
      </main>
      {opened === "palette" && <Palette onClose={() => setOpened(null)} />}
      {opened === "help" && <Help onClose={() => setOpened(null)} />}
    </>
  );
}

/** Whether the page with the path is at a place, or below it. */
function isAt(path: string, to: string): boolean {
  return path === to || (to !== "/" && path.startsWith(`${to}/`));
}

function Place({ to, path, children }: { to: string; path: string; children: ReactNode }): ReactNode {
  const isHere = isAt(path, to);
  return (
    <Plain to={to} className={isHere ? "active" : undefined} aria-current={isHere ? "page" : undefined}>
      {children}
    </Plain>
  );
}

/** The address of one of these pages to which something belongs that was pointed at. */
function linkAt(target: EventTarget | null): string | undefined {
  const link = target instanceof Element ? target.closest("a") : null;
  const address = link && !link.target ? link.getAttribute("href") : null;
  return address?.startsWith("#/") ? address.slice(1) : undefined;
}

/**
 * Links are the browser's own (see `Plain`). The router is told of them: when somebody points at one, the page's programs
 * are loaded; when it is pressed, the history gets an entry of the router's, so that the way back finds its place on the page.
 */
function useLinks(): void {
  const router = useRouter();
  useEffect(() => {
    let last = "";
    const preload = ({ target }: Event): void => {
      const address = linkAt(target);
      if (!address || address === last) return;
      last = address;
      void router.preloadRoute({ to: address.replace(/[?#].*$/, "") }).catch(() => undefined);
    };
    const follow = (event: MouseEvent): void => {
      const address = linkAt(event.target);
      if (!address || address === location.hash.slice(1) || event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
      event.preventDefault();
      router.history.push(address);
    };
    document.addEventListener("click", follow);
    const kinds = ["pointerover", "focusin"] as const;
    for (const kind of kinds) document.addEventListener(kind, preload);
    return () => {
      document.removeEventListener("click", follow);
      for (const kind of kinds) document.removeEventListener(kind, preload);
    };
  }, [router]);
}

/** The places that are not always in sight, in groups; it closes when something else is pressed. */
function More({ path }: { path: string }): ReactNode {
  const more = useRef<HTMLDetailsElement>(null);
  const summary = useRef<HTMLElement>(null);
  const close = (): void => {
    if (more.current) more.current.open = false;
  };
  useEffect(close, [path]);
  useEffect(() => {
    const onPress = (event: PointerEvent): void => {
      if (event.target instanceof Node && !more.current?.contains(event.target)) close();
    };
    document.addEventListener("pointerdown", onPress);
    return () => document.removeEventListener("pointerdown", onPress);
  }, []);
  const onKey = (event: KeyboardEvent<HTMLElement>): void => {
    if (event.key !== "Escape") return;
    close();
    summary.current?.focus();
  };
  const isHere = MORE.some(({ places }) => places.some(([to]) => isAt(path, to)));
  return (
    <details className="more" ref={more} onKeyDown={onKey}>
      <summary ref={summary} className={isHere ? "active" : ""}>
        {text.nav.more}
      </summary>
      <div className="more-groups">
        {MORE.map(({ title, places }) => (
          <div key={title} role="group" aria-label={title}>
            <p aria-hidden="true">{title}</p>
            <ul>
              {places.map(([to, label]) => (
                <li key={to}>
                  <Place to={to} path={path}>
                    {label}
                  </Place>
                </li>
              ))}
            </ul>
          </div>
        ))}
        {dashboards().length > 0 && (
          <div role="group" aria-label={text.dashboard.all}>
            <p aria-hidden="true">{text.dashboard.all}</p>
            <ul>
              {dashboards().map(({ name, caption }) => (
                <li key={name}>
                  <Place to={`/${encodeURIComponent(name)}`} path={path}>
                    {caption}
                  </Place>
                </li>
              ))}
            </ul>
          </div>
        )}
      </div>
    </details>
  );
}

function ThemeChoice(): ReactNode {
  const theme = useSetting("Pages.theme");
  const { choices } = DEFINITIONS["Pages.theme"];
  const next = choices[(choices.indexOf(theme) + 1) % choices.length];
  const label = `${text.theme.label}: ${text.theme[theme]}`;
  return (
    <button type="button" className="quiet" title={label} aria-label={label} onClick={() => choose("Pages.theme", next)}>
      {theme === "dark" ? "☾" : theme === "light" ? "☀" : "◐"}
    </button>
  );
}

const PATIENCE_MS = 1_500;

function Banner(): ReactNode {
  const connection = useConnection();
  const [isLate, setLate] = useState(false);
  useEffect(() => {
    if (connection !== "lost") return;
    const timer = setTimeout(() => setLate(true), PATIENCE_MS);
    return () => {
      clearTimeout(timer);
      setLate(false);
    };
  }, [connection]);
  return (
    <div role="status">
      {connection === "lost" && isLate && (
        <p className="banner">
          {text.connection.lost}{" "}
          <button type="button" onClick={() => live.retryNow()}>
            {text.connection.retry}
          </button>
        </p>
      )}
    </div>
  );
}

function useShortcuts(open: (what: "palette" | "help") => void): void {
  const navigate = useNavigate();
  useEffect(() => {
    let isGoing = false;
    const pages: Record<string, To> = { s: "/schedulers", o: "/", b: "/builders", p: "/pending", w: "/workers", c: "/changes", t: "/tests", j: "/graph" };
    const onKey = (event: globalThis.KeyboardEvent): void => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        open("palette");
        return;
      }
      const { target } = event;
      const isTyping = target instanceof HTMLElement && (target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
      if (isTyping || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
      if (event.key === "?") open("help");
      const to = isGoing ? pages[event.key] : undefined;
      isGoing = event.key === "g" && !event.defaultPrevented;
      if (to) {
        event.preventDefault();
        void navigate({ to });
      }
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [navigate, open]);
}

function Help({ onClose }: { onClose: () => void }): ReactNode {
  const keys = text.keys;
  const rows: [string[], string][] = [
    [["?"], keys.help],
    [["Ctrl K"], keys.palette],
    [["g", "o"], keys.front],
    [["g", "b"], keys.builders],
    [["g", "p"], keys.pending],
    [["g", "w"], keys.workers],
    [["g", "c"], keys.changes],
    [["g", "s"], text.nav.schedulers],
    [["g", "t"], text.nav.tests],
    [["g", "j"], text.nav.graph],
  ];
  const inLog: [string[], string][] = [
    [["/"], keys.search],
    [["n", "N"], keys.nextHit],
    [["l"], keys.list],
    [["e", "E"], keys.error],
    [["[", "]"], keys.sections],
    [["z", "Z"], keys.fold],
    [["t"], keys.times],
    [["f"], keys.follow],
    [["w"], keys.wrap],
    [["Home", "End"], keys.ends],
  ];
  return (
    <Dialog title={keys.title} onClose={onClose}>
      <Keys rows={rows} />
      <h3>{keys.inLog}</h3>
      <Keys rows={inLog} />
      <p>{keys.shift}</p>
    </Dialog>
  );
}

function Keys({ rows }: { rows: [string[], string][] }): ReactNode {
  return (
    <dl className="keys">
      {rows.map(([keys, label]) => (
        <div key={label}>
          <dt>
            {keys.map((key) => (
              <kbd key={key}>{key}</kbd>
            ))}
          </dt>
          <dd>{label}</dd>
        </div>
      ))}
    </dl>
  );
}
