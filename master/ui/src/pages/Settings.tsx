/** What the reader may choose; it holds at once. */

import { useState, type ReactNode } from "react";
import { config } from "../api/config";
import { DEFINITIONS, NAMES, checked, type Amount, type SettingName, type SettingValue } from "../lib/settings";
import { Section, useTitle } from "../parts/basics";
import { choose, defaultSettings, resetSettings, useChosen, useSetting } from "../parts/settings";
import { text } from "../text";
import "./views.css";

const groupOf = (name: SettingName): string => name.split(".")[0] ?? "";
const GROUPS = [...new Set(NAMES.map(groupOf))].map((group) => [group, NAMES.filter((name) => groupOf(name) === group)] as const);

export default function SettingsPage(): ReactNode {
  const chosen = useChosen();
  const [wasReset, setReset] = useState(false);
  const isAny = Object.keys(chosen).length > 0;
  useTitle(`${text.settings.title} · ${config().title}`);
  return (
    <>
      <header className="page-head">
        <div className="grow">
          <h1>{text.settings.title}</h1>
          <p className="muted">{text.settings.explain}</p>
        </div>
        <div className="buttons">
          <span role="status" className="muted">
            {wasReset && !isAny && text.settings.isReset}
          </span>
          <button
            type="button"
            disabled={!isAny}
            onClick={() => {
              resetSettings();
              setReset(true);
            }}
          >
            {text.settings.reset}
          </button>
        </div>
      </header>
      <div className="settings">
        {GROUPS.map(([group, names]) => (
          <Section key={group} title={text.settings.groups[group] ?? group}>
            {names.map((name) => (
              <Setting key={name} name={name} isChosen={name in chosen} />
            ))}
          </Section>
        ))}
      </div>
    </>
  );
}

function Setting({ name, isChosen }: { name: SettingName; isChosen: boolean }): ReactNode {
  const label = text.settings.names[name];
  return (
    <div className="setting">
      <Field name={name} label={label} />
      {isChosen && (
        <p className="muted small setting-default">
          {text.settings.notChosen(told(defaultSettings()[name]))}{" "}
          <button type="button" className="link" aria-label={text.settings.resetOne(label)} title={text.settings.resetOne(label)} onClick={() => choose(name, undefined)}>
            ↺
          </button>
        </p>
      )}
    </div>
  );
}

function told(value: SettingValue): string {
  if (typeof value === "boolean") return value ? text.common.yes : text.common.no;
  return typeof value === "string" ? (text.settings.choices[value] ?? value) : value.toLocaleString("en");
}

function Field({ name, label }: { name: SettingName; label: string }): ReactNode {
  const definition = DEFINITIONS[name];
  const value: SettingValue = useSetting(name);
  switch (definition.kind) {
    case "flag":
      return (
        <label className="check">
          <input type="checkbox" name={name} checked={value === true} onChange={(event) => choose(name, event.target.checked)} />
          {label}
        </label>
      );
    case "choice":
      return (
        <label className="setting-line">
          <span>{label}</span>
          <select name={name} value={String(value)} onChange={(event) => choose(name, event.target.value)}>
            {definition.choices.map((one) => (
              <option key={one} value={one}>
                {told(one)}
              </option>
            ))}
          </select>
        </label>
      );
    case "whole":
    case "number":
      return <AmountField name={name} label={label} value={Number(value)} definition={definition} />;
  }
}

/** A number; what is typed is kept as it is while the field is used, and holds as soon as it is within the limits. */
function AmountField({ name, label, value, definition }: { name: SettingName; label: string; value: number; definition: Amount }): ReactNode {
  const [typed, setTyped] = useState<string | null>(null);
  const shown = typed ?? String(value);
  const isWrong = shown.trim() === "" || checked(definition, Number(shown)) !== Number(shown);
  const hint = `${name}-limits`;
  return (
    <>
      <label className="setting-line">
        <span>{label}</span>
        <input
          type="number"
          name={name}
          min={definition.least}
          max={definition.most}
          step={definition.kind === "whole" ? 1 : "any"}
          value={shown}
          aria-invalid={isWrong}
          aria-describedby={isWrong ? hint : undefined}
          onChange={(event) => {
            const next = event.target.value;
            setTyped(next);
            if (next.trim() !== "" && checked(definition, Number(next)) === Number(next)) choose(name, Number(next));
          }}
          onBlur={() => setTyped(null)}
        />
      </label>
      {isWrong && (
        <p id={hint} className="error small">
          {text.settings.limits(definition.least, definition.most)}
        </p>
      )}
    </>
  );
}
