/** Fields of the form of a schedule: what is wrong stands at the field. */

import { useId, useState, type ReactNode } from "react";
import { text } from "../../text";

interface FieldProps {
  readonly label: string;
  readonly problem?: string | undefined;
  readonly hint?: string;
  readonly children: (control: Control) => ReactNode;
}

/** What an input needs, so that its label, its hint and its problem belong to it. */
export interface Control {
  readonly id: string;
  readonly "aria-invalid"?: true;
  readonly "aria-describedby"?: string;
}

export function Field({ label, problem, hint, children }: FieldProps): ReactNode {
  const id = useId();
  const control: Control = { id, ...(problem ? { "aria-invalid": true as const, "aria-describedby": `${id}-told` } : hint ? { "aria-describedby": `${id}-told` } : {}) };
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children(control)}
      {problem ? (
        <p id={`${id}-told`} className="error">
          {problem}
        </p>
      ) : (
        hint && (
          <small id={`${id}-told`} className="muted">
            {hint}
          </small>
        )
      )}
    </div>
  );
}

export function Check({ label, isOn, onChange }: { label: string; isOn: boolean; onChange: (isOn: boolean) => void }): ReactNode {
  return (
    <div className="field">
      <label className="check">
        <input type="checkbox" checked={isOn} onChange={(event) => onChange(event.target.checked)} /> {label}
      </label>
    </div>
  );
}

interface InputProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly options?: readonly string[];
  readonly problem?: string | undefined;
  readonly hint?: string;
  readonly className?: string;
  readonly maxLength?: number;
}

/** One line of text, with what it may be. */
export function Input({ label, value, onChange, options, problem, hint, className, maxLength = 255 }: InputProps): ReactNode {
  const list = useId();
  return (
    <Field label={label} problem={problem} {...(hint ? { hint } : {})}>
      {(control) => (
        <>
          <input {...control} className={className} value={value} maxLength={maxLength} autoComplete="off" spellCheck={false} {...(options ? { list } : {})} onChange={(event) => onChange(event.target.value)} />
          {options && (
            <datalist id={list}>
              {options.map((one) => (
                <option key={one} value={one} />
              ))}
            </datalist>
          )}
        </>
      )}
    </Field>
  );
}

interface ChosenProps {
  readonly label: string;
  readonly chosen: readonly string[];
  /** What can be chosen: what people call it, by what it is; without it anything can be. */
  readonly options?: ReadonlyMap<string, string>;
  /** What may be typed as well, and is its own name. */
  readonly also?: (typed: string) => boolean;
  readonly suggestions?: readonly string[];
  readonly nameOf?: (value: string) => string;
  readonly onChange: (chosen: readonly string[]) => void;
  readonly problem?: string | undefined;
  readonly hint?: string;
}

/** Several things, in order: chosen by a few letters of their names, taken away again one by one. */
export function Chosen({ label, chosen, options, also, suggestions, nameOf = (value) => value, onChange, problem, hint }: ChosenProps): ReactNode {
  const [typed, setTyped] = useState("");
  const [refused, setRefused] = useState("");
  const list = useId();
  const valueOf = (name: string): string | undefined => {
    if (options === undefined) return name;
    const known = [...options].find(([, one]) => one === name)?.[0];
    return known ?? (options.has(name) || also?.(name) ? name : undefined);
  };
  const add = (name: string): void => {
    const trimmed = name.trim();
    if (!trimmed) return;
    const value = valueOf(trimmed);
    setRefused(value === undefined ? text.scheduleForm.unknown(trimmed) : "");
    if (value === undefined) return;
    setTyped("");
    if (!chosen.includes(value)) onChange([...chosen, value]);
  };
  const names = options === undefined ? (suggestions ?? []) : [...options].filter(([value]) => !chosen.includes(value)).map(([, name]) => name);
  return (
    <Field label={label} problem={refused || problem} {...(hint ? { hint } : {})}>
      {(control) => (
        <div className="chosen">
          {chosen.length > 0 && (
            <ul>
              {chosen.map((value) => (
                <li key={value} className="chip">
                  <span title={value}>{nameOf(value)}</span>
                  <button type="button" className="quiet" aria-label={text.scheduleForm.remove(nameOf(value))} onClick={() => onChange(chosen.filter((one) => one !== value))}>
                    ✕
                  </button>
                </li>
              ))}
            </ul>
          )}
          <span className="chosen-add">
            <input
              {...control}
              list={list}
              value={typed}
              autoComplete="off"
              spellCheck={false}
              placeholder={text.scheduleForm.addHint}
              onChange={(event) => {
                setTyped(event.target.value);
                setRefused("");
              }}
              onKeyDown={(event) => {
                if (event.key === "Enter") {
                  event.preventDefault();
                  add(typed);
                } else if (event.key === "Backspace" && typed === "") onChange(chosen.slice(0, -1));
              }}
              onBlur={() => valueOf(typed.trim()) !== undefined && add(typed)}
            />
            <button type="button" disabled={!typed.trim()} aria-label={text.scheduleForm.addTo(label)} onClick={() => add(typed)}>
              {text.scheduleForm.add}
            </button>
          </span>
          <datalist id={list}>
            {names.map((name) => (
              <option key={name} value={name} />
            ))}
          </datalist>
        </div>
      )}
    </Field>
  );
}
