/** Why something waits. */

import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Reason } from "../api/schema";
import { text } from "../text";
import { WorkerLink } from "./basics";

/** All reasons as a list, each with what it is about as a link. */
export function Reasons({ reasons, most = Infinity }: { reasons: readonly Reason[] | null; most?: number }): ReactNode {
  if (!reasons || reasons.length === 0) return <span className="muted">{text.front.noReason}</span>;
  const shown = reasons.slice(0, most);
  return (
    <ul className="reasons">
      {shown.map((reason, index) => (
        <li key={index} data-code={reason.code}>
          <Sentence reason={reason} />
        </li>
      ))}
      {reasons.length > shown.length && <li className="muted">{text.front.more(reasons.length - shown.length)}</li>}
    </ul>
  );
}

/** The sentence, with the names in it as links where they stand. */
function Sentence({ reason }: { reason: Reason }): ReactNode {
  const { worker, workerid } = reason;
  const parts: ReactNode[] = [];
  let rest = reason.text;
  if (worker && workerid !== null && rest.includes(worker)) {
    const at = rest.indexOf(worker);
    parts.push(rest.slice(0, at), <WorkerLink key="w" id={workerid}>{worker}</WorkerLink>);
    rest = rest.slice(at + worker.length);
  }
  for (const id of reason.buildids) {
    const found = new RegExp(`\\bbuild ${id}\\b`).exec(rest);
    if (!found) continue;
    parts.push(
      rest.slice(0, found.index),
      <Link key={id} to="/builds/$build" params={{ build: String(id) }}>
        {found[0]}
      </Link>,
    );
    rest = rest.slice(found.index + found[0].length);
  }
  return (
    <>
      {parts}
      {rest}
    </>
  );
}
