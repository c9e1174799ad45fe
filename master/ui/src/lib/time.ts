/** Instants and durations in words; instants are seconds since the epoch. */

/** `< 1 s`, `3 s`, `4 min 12 s`, `2 h 5 min`, `3 d 4 h`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 1) return "< 1 s";
  if (whole < 60) return `${whole} s`;
  const units: [number, string][] = [[86_400, "d"], [3_600, "h"], [60, "min"], [1, "s"]];
  const at = units.findIndex(([size]) => whole >= size);
  const [size, unit] = units[at] ?? [1, "s"];
  const [smaller, smallerUnit] = units[at + 1] ?? [1, "s"];
  const rest = Math.floor((whole % size) / smaller);
  return `${Math.floor(whole / size)} ${unit}${rest ? ` ${rest} ${smallerUnit}` : ""}`;
}

/** Made when it is needed first: browsers take 10 ms for one of these. */
function lazy<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

const relative = lazy(() => new Intl.RelativeTimeFormat("en", { numeric: "auto" }));
const absolute = lazy(() => new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" }));

/** `5 minutes ago`. */
export function formatAgo(instant: number, now: number): string {
  const seconds = Math.round(instant - now);
  const size = Math.abs(seconds);
  if (size < 10) return relative().format(0, "second");
  if (size < 60) return relative().format(seconds, "second");
  if (size < 3_600) return relative().format(Math.round(seconds / 60), "minute");
  if (size < 86_400) return relative().format(Math.round(seconds / 3_600), "hour");
  return relative().format(Math.round(seconds / 86_400), "day");
}

/** Date and time, for who wants to know exactly. */
export function formatInstant(instant: number): string {
  return absolute().format(new Date(instant * 1000));
}

const clock = lazy(() => new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" }));
const date = lazy(() => new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short" }));

/** The time of the day. */
export function formatClock(instant: number): string {
  return clock().format(new Date(instant * 1000));
}

/** The day. */
export function formatDay(instant: number): string {
  return date().format(new Date(instant * 1000));
}
