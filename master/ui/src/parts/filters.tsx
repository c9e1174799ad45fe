/** Fields above a list that stand in the address. */

import { useEffect, useId, useRef, useState, type ReactNode } from "react";
import { text } from "../text";

const PAUSE_MS = 300;

interface FieldProps {
  readonly label: string;
  readonly value: string;
  /** Called when somebody has stopped typing. */
  readonly onChange: (value: string) => void;
  /** What may be meant. */
  readonly choices?: readonly string[];
  readonly isNumber?: boolean;
}

/** A field that filters once its reader stops typing. */
export function FilterField({ label, value, onChange, choices = [], isNumber = false }: FieldProps): ReactNode {
  const [typed, setTyped] = useState({ value, text: value });
  const list = useId();
  const latest = useRef(onChange);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => {
    latest.current = onChange;
  });
  useEffect(() => () => clearTimeout(timer.current), []);
  if (typed.value !== value) setTyped({ value, text: value }); // the address was changed elsewhere
  const tell = (given: string): void => {
    clearTimeout(timer.current);
    latest.current(given.trim());
  };
  return (
    <label className="filter">
      <span>{label}</span>
      <input
        type="search"
        value={typed.text}
        maxLength={200}
        inputMode={isNumber ? "numeric" : undefined}
        {...(choices.length ? { list } : {})}
        onChange={(event) => {
          const given = event.target.value;
          setTyped({ value, text: given });
          clearTimeout(timer.current);
          timer.current = setTimeout(() => tell(given), PAUSE_MS);
        }}
        onKeyDown={(event) => event.key === "Enter" && tell(typed.text)}
        onBlur={() => typed.text.trim() !== value && tell(typed.text)} // not after its reader has gone to another page
      />
      {choices.length > 0 && (
        <datalist id={list}>
          {choices.map((choice) => (
            <option key={choice} value={choice} />
          ))}
        </datalist>
      )}
    </label>
  );
}

interface ChoiceProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  /** Value and text of each. */
  readonly choices: readonly (readonly [string, string])[];
}

/** One of a few; the first one stands for any. */
export function FilterChoice({ label, value, onChange, choices }: ChoiceProps): ReactNode {
  return (
    <label className="filter">
      <span>{label}</span>
      <select value={value} onChange={(event) => onChange(event.target.value)}>
        <option value="">{text.common.any}</option>
        {choices.map(([one, name]) => (
          <option key={one} value={one}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

/** The fields, and a way to be rid of what they hold. */
export function Filters({ isFiltered, onClear, children }: { isFiltered: boolean; onClear: () => void; children: ReactNode }): ReactNode {
  return (
    <div className="filters" role="search">
      {children}
      {isFiltered && (
        <button type="button" className="quiet" onClick={onClear}>
          {text.common.clear}
        </button>
      )}
    </div>
  );
}

/** Filters of a query, of what stands in an address: `contains` for texts, or what a field names. */
export function queryOf(search: Readonly<Record<string, string | undefined>>, operators: Readonly<Record<string, string>>): string {
  return Object.entries(operators)
    .filter(([name]) => search[name])
    .map(([name, parameter]) => `${parameter}=${encodeURIComponent(search[name] ?? "")}`)
    .join("&");
}
