/** What stands above the waterfall, the console and the grid: which builders and changes are shown. The address keeps it. */

import { useState, type ReactNode } from "react";
import { tagsOf, type ViewSearch } from "../../lib/console";
import { text } from "../../text";

interface Props {
  readonly search: ViewSearch;
  readonly change: (next: ViewSearch) => void;
  /** With the number of builders that have each. */
  readonly tags: readonly (readonly [string, number])[];
  readonly told: string;
  readonly children?: ReactNode;
}

/** So many tags are shown at first. */
const TAGS = 16;

export function Filters({ search, change, tags, told, children }: Props): ReactNode {
  const chosen = tagsOf(search);
  const [showsAll, setShowsAll] = useState(false);
  const shown = showsAll ? tags : tags.filter(([tag], index) => index < TAGS || chosen.includes(tag));
  const toggle = (tag: string): void => change({ tags: (chosen.includes(tag) ? chosen.filter((one) => one !== tag) : [...chosen, tag]).join(",") });
  return (
    <>
      <div className="toolbar view-tools">
        <input type="search" aria-label={text.builders.filter} placeholder={text.builders.filter} value={search.q ?? ""} onChange={(event) => change({ q: event.target.value })} />
        {children}
        <span className="muted" role="status">
          {told}
        </span>
      </div>
      {tags.length > 0 && (
        <ul className="tags" aria-label={text.builders.tags}>
          {shown.map(([tag, n]) => (
            <li key={tag}>
              <button type="button" className="tag" aria-pressed={chosen.includes(tag)} onClick={() => toggle(tag)}>
                {tag} <small>{n}</small>
              </button>
            </li>
          ))}
          {shown.length < tags.length && (
            <li>
              <button type="button" className="tag" onClick={() => setShowsAll(true)}>
                {text.views.moreTags(tags.length - shown.length)}
              </button>
            </li>
          )}
        </ul>
      )}
    </>
  );
}

/** One of the values that there are, or all. */
export function Chooser({ label, value, values, onChange }: { label: string; value: string | undefined; values: readonly string[]; onChange: (value: string) => void }): ReactNode {
  const all = value && !values.includes(value) ? [value, ...values] : values;
  if (all.length < (value ? 1 : 2)) return null;
  return (
    <label className="inline">
      <span className="visually-hidden">{label}</span>
      <select value={value ?? ""} onChange={(event) => onChange(event.target.value)} aria-label={label}>
        <option value="">{text.views.every(label)}</option>
        {all.map((one) => (
          <option key={one} value={one}>
            {one}
          </option>
        ))}
      </select>
    </label>
  );
}

/** The way to older rows. */
export function Older({ label, next, more, isReading, problem }: { label: string; next: string | null; more: () => void; isReading: boolean; problem: string }): ReactNode {
  if (next === null) return null;
  return (
    <p className="buttons older">
      <button type="button" onClick={more} disabled={isReading}>
        {isReading ? text.common.loading : label}
      </button>
      {problem && (
        <span role="alert" className="error">
          {problem}
        </span>
      )}
    </p>
  );
}
