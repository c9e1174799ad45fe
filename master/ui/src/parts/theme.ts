/** Light or dark: as the system says, or as the reader has chosen. */

export type Theme = "system" | "light" | "dark";

const KEY = "buildmill-theme";
const ORDER: readonly Theme[] = ["system", "light", "dark"];

export function storedTheme(): Theme {
  try {
    const stored = localStorage.getItem(KEY);
    return ORDER.find((theme) => theme === stored) ?? "system";
  } catch {
    return "system"; // the browser keeps nothing for this place
  }
}

/** Put a theme in force. */
export function showTheme(theme: Theme): void {
  if (theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
}

/** Put the next one in force, and keep it. */
export function nextTheme(theme: Theme): Theme {
  const next = ORDER[(ORDER.indexOf(theme) + 1) % ORDER.length] ?? "system";
  showTheme(next);
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // it holds until the page is left
  }
  return next;
}
