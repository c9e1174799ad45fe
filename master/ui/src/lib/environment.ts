/** What builds run in: its parts in the order in which people read them. */

import type { EnvironmentValue } from "../api/schema";

/** Facts of a worker by what they are about; what is not named here has come from its owner. */
const MACHINE = ["os", "system", "machine", "kernel", "cpus", "memory_bytes", "disk_bytes"];
const PROGRAM = ["version", "python", "basedir", "commands"];
/** Shown by itself: a list of what the worker can do. */
const CAPABILITIES = "capabilities";

export interface Facts {
  readonly machine: readonly EnvironmentValue[];
  readonly program: readonly EnvironmentValue[];
  /** Of the worker's owner: files in its `info` directory. */
  readonly own: readonly EnvironmentValue[];
  readonly capabilities: readonly string[];
}

/** What a worker told of itself, by what it is about. */
export function factsOf(environment: readonly EnvironmentValue[]): Facts {
  const told = environment.filter(({ section }) => section === "worker");
  const pick = (names: readonly string[]): EnvironmentValue[] => names.flatMap((name) => told.filter((one) => one.name === name));
  const known = new Set([...MACHINE, ...PROGRAM, CAPABILITIES]);
  const capabilities = told.find(({ name }) => name === CAPABILITIES)?.value ?? "";
  return { machine: pick(MACHINE), program: pick(PROGRAM), own: told.filter(({ name }) => !known.has(name)), capabilities: capabilities.split(" ").filter(Boolean) };
}

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** `1.5 GiB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value >= 100 || unit === 0 ? Math.round(value) : value.toFixed(1).replace(/\.0$/, "")} ${UNITS[unit]}`;
}

/** A value as people read it: sizes with their unit. */
export function textOfValue(name: string, value: string): string {
  return /_bytes$/.test(name) && /^\d+$/.test(value) ? formatBytes(Number(value)) : value;
}
