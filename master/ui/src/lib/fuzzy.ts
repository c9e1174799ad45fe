/** Finding by a few letters. */

/** How well a name fits what was typed: less is better; null if not at all. All letters must stand in it, in their order. */
export function distance(name: string, typed: string): number | null {
  const text = name.toLowerCase();
  const wanted = typed.toLowerCase().trim();
  const whole = text.indexOf(wanted);
  if (whole >= 0) return whole + text.length / 1000;
  let at = -1;
  let gaps = 0;
  for (const letter of wanted) {
    const next = text.indexOf(letter, at + 1);
    if (next < 0) return null;
    if (at >= 0) gaps += next - at - 1;
    at = next;
  }
  return 100 + gaps + text.length / 1000;
}

/** Those that fit, the best first. */
export function rank<T>(all: readonly T[], typed: string, nameOf: (one: T) => string): T[] {
  if (!typed.trim()) return [...all];
  return all
    .map((one) => ({ one, distance: distance(nameOf(one), typed) }))
    .filter((found): found is { one: T; distance: number } => found.distance !== null)
    .sort((a, b) => a.distance - b.distance)
    .map((found) => found.one);
}
