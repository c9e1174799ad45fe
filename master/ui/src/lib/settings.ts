/**
 * What a reader may choose: names, kinds and limits. The configuration of the master gives defaults (`ui_default_config`),
 * the browser keeps what was chosen. Names with a dot and their own spelling are Buildbot's, so that its configurations work.
 */

export interface Flag {
  readonly kind: "flag";
  readonly initial: boolean;
}
export interface Amount {
  readonly kind: "whole" | "number";
  readonly initial: number;
  readonly least: number;
  readonly most: number;
}
export interface Choice<T extends string = string> {
  readonly kind: "choice";
  readonly initial: T;
  readonly choices: readonly T[];
}
export type Definition = Flag | Amount | Choice;

const flag = (initial: boolean): Flag => ({ kind: "flag", initial });
const whole = (initial: number, least: number, most: number): Amount => ({ kind: "whole", initial, least, most });
const number = (initial: number, least: number, most: number): Amount => ({ kind: "number", initial, least, most });
const choice = <T extends string>(initial: T, ...choices: readonly T[]): Choice<T> => ({ kind: "choice", initial, choices: [initial, ...choices] });

export const DEFINITIONS = {
  "Pages.theme": choice("system", "light", "dark"),
  "Pages.times": choice("relative", "exact"),
  "Pages.rows": whole(60, 10, 1_000),
  "Builders.show_old_builders": flag(false),
  "Builders.page_size": whole(60, 10, 1_000),
  "BuildsTable.build_time_base": choice("Start time and duration", "Completion time"),
  "Log.wrap_lines": flag(false),
  "LogPreview.loadlines": whole(12, 1, 500),
  "Waterfall.scaling_waterfall": number(1, 0.05, 20),
  "Waterfall.min_column_width_waterfall": whole(110, 40, 600),
  "Waterfall.lazy_limit_waterfall": whole(200, 10, 1_000),
  "Waterfall.idle_threshold_waterfall": whole(300, 1, 1_000_000),
  "Waterfall.number_background_waterfall": flag(false),
  "Waterfall.show_builders_without_builds": flag(false),
  "Waterfall.show_old_builders": flag(false),
  "Console.changeLimit": whole(30, 1, 100),
  "Console.buildLimit": whole(200, 0, 1_000),
  "Console.show_builders_without_builds": flag(false),
  "Grid.fullChanges": flag(false),
  "Grid.leftToRight": flag(false),
  "Grid.revisionLimit": whole(5, 1, 100),
  "Grid.changeFetchLimit": whole(30, 1, 100),
  "Grid.buildFetchLimit": whole(200, 0, 1_000),
} as const satisfies Record<string, Definition>;

export type SettingName = keyof typeof DEFINITIONS;
type ValueOf<D> = D extends Flag ? boolean : D extends Choice<infer T> ? T : number;
export type Settings = { readonly [N in SettingName]: ValueOf<(typeof DEFINITIONS)[N]> };
export type SettingValue = boolean | number | string;
/** What somebody has chosen: only that. */
export type Chosen = Partial<Readonly<Record<SettingName, SettingValue>>>;

export const NAMES = Object.keys(DEFINITIONS) as readonly SettingName[];

/** The value as it may be used, or undefined where it is none of this kind. What is beyond a limit becomes the limit. */
export function checked(definition: Definition, value: unknown): SettingValue | undefined {
  switch (definition.kind) {
    case "flag":
      return typeof value === "boolean" ? value : undefined;
    case "choice":
      return definition.choices.find((one) => one === value);
    case "whole":
    case "number": {
      if (typeof value !== "number" || !Number.isFinite(value)) return undefined;
      const size = definition.kind === "whole" ? Math.round(value) : value;
      return Math.min(definition.most, Math.max(definition.least, size));
    }
  }
}

/** Only what can be used of something that was kept, or that a configuration says. */
export function usable(given: unknown): Chosen {
  if (typeof given !== "object" || given === null) return {};
  const values = given as Readonly<Record<string, unknown>>;
  const found = NAMES.flatMap((name) => {
    const value = Object.hasOwn(values, name) ? checked(DEFINITIONS[name], values[name]) : undefined;
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(found) as Chosen;
}

/** What holds: of several choices the last one that says something, else what these pages begin with. */
export function settled(...choices: readonly Chosen[]): Settings {
  const initial = Object.fromEntries(NAMES.map((name) => [name, DEFINITIONS[name].initial]));
  return Object.assign(initial, ...choices) as Settings;
}

/** The choices with one more; what is as it would be without having been chosen is not kept. */
export function chosenWith(chosen: Chosen, defaults: Settings, name: SettingName, value: unknown): Chosen {
  const others = Object.fromEntries(Object.entries(chosen).filter(([other]) => other !== name)) as Chosen;
  const found = checked(DEFINITIONS[name], value);
  return found === undefined || found === defaults[name] ? others : { ...others, [name]: found };
}

/** What was kept as text; nothing if it is none of ours. */
export function read(kept: string | null): Chosen {
  if (!kept) return {};
  try {
    return usable(JSON.parse(kept));
  } catch {
    return {};
  }
}
