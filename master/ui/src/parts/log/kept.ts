/** Which sections of logs a reader has shut, kept in the browser for the next log of the same step. */

/** By name of a section: whether it is shut. */
export type Choices = Readonly<Record<string, boolean>>;

const KEY = "buildmill-folds";
const MOST_LOGS = 50;

function all(): Record<string, Choices> {
  try {
    return (JSON.parse(localStorage.getItem(KEY) ?? "{}") as Record<string, Choices> | null) ?? {};
  } catch {
    return {}; // the browser keeps nothing for this place, or somebody else has written there
  }
}

/** @param place of a log among all: its builder, its step, its name */
export function keptChoices(place: string): Choices {
  return all()[place] ?? {};
}

export function keepChoices(place: string, choices: Choices): void {
  const others = Object.entries(all()).filter(([one]) => one !== place);
  const kept = Object.fromEntries([...others, [place, choices]].slice(-MOST_LOGS));
  try {
    localStorage.setItem(KEY, JSON.stringify(kept));
  } catch {
    // then it is not remembered
  }
}
