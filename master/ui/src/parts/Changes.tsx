/** Changes as a list. */

import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Change } from "../api/schema";
import { ELSEWHERE, safeUrl } from "../lib/links";
import { text } from "../text";
import { Ago } from "./basics";

const SHOWN_FILES = 100;

export function ChangeList({ changes }: { changes: readonly Change[] }): ReactNode {
  return (
    <ul className="rows changes">
      {changes.map((change) => (
        <li key={change.changeid} className="row">
          <ChangeItem change={change} />
        </li>
      ))}
    </ul>
  );
}

/** What is told of a change. */
type ToldChange = Pick<Change, "author" | "branch" | "changeid" | "comments" | "files" | "revision" | "revlink" | "when_timestamp"> & Partial<Pick<Change, "category" | "project">>;

/** @param props.marks what was built of it */
export function ChangeItem({ change, isOpen = false, marks }: { change: ToldChange; isOpen?: boolean; marks?: ReactNode }): ReactNode {
  const [subject = "", ...rest] = change.comments.split("\n");
  const body = rest.join("\n").trim();
  return (
    <div className="grow">
      <div className="line">
        <strong>
          <Link to="/changes/$change" params={{ change: String(change.changeid) }}>
            {subject || text.build.nothing}
          </Link>
        </strong>
      </div>
      <div className="muted line">
        <span>{change.author}</span>
        <Revision change={change} />
        {change.branch && <span>{text.changes.onBranch(change.branch)}</span>}
        {change.project && <span>{change.project}</span>}
        {change.category && <span className="tag">{change.category}</span>}
        <Ago at={change.when_timestamp} />
      </div>
      {marks}
      {(change.files.length > 0 || body) && (
        <details open={isOpen}>
          <summary>{text.changes.files(change.files.length)}</summary>
          {body && <pre className="message">{body}</pre>}
          <ul className="plain mono">
            {change.files.slice(0, SHOWN_FILES).map((file) => (
              <li key={file}>{file}</li>
            ))}
            {change.files.length > SHOWN_FILES && <li className="muted">{text.front.more(change.files.length - SHOWN_FILES)}</li>}
          </ul>
        </details>
      )}
    </div>
  );
}

function Revision({ change }: { change: ToldChange }): ReactNode {
  if (!change.revision) return null;
  const short = <code title={change.revision}>{shortRevision(change.revision)}</code>;
  const url = safeUrl(change.revlink);
  return url ? (
    <a href={url} {...ELSEWHERE}>
      {short}
    </a>
  ) : (
    short
  );
}

/** What else is known of a change. */
export function ChangeFacts({ change }: { change: Change }): ReactNode {
  const { committer, codebase, repository, revision } = change;
  const facts: [string, string | null][] = [
    [text.changes.fields.revision, revision],
    [text.changes.fields.repository, repository],
    [text.changes.fields.codebase, codebase],
    [text.changes.committer, committer === change.author ? null : committer],
  ];
  const properties = Object.entries(change.properties).map(([name, [value]]): [string, string] => [name, typeof value === "string" ? value : JSON.stringify(value)]);
  return (
    <dl className="pairs">
      {[...facts, ...properties]
        .filter((fact): fact is [string, string] => !!fact[1])
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd className="mono">{value}</dd>
          </div>
        ))}
    </dl>
  );
}

/** A hash is shown by its beginning. */
export function shortRevision(revision: string): string {
  return /^[0-9a-f]{16,}$/i.test(revision) ? revision.slice(0, 10) : revision;
}
