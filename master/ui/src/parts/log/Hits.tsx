/** The lines that a search has found, in a list. */

import { useState, type ReactNode } from "react";
import type { LogHit } from "../../api/schema";
import { plainText } from "../../lib/ansi";
import { text } from "../../text";

const AT_FIRST = 200;

export function Hits({ hits, current, onOpen }: { hits: readonly LogHit[]; current: number; onOpen: (hit: LogHit) => void }): ReactNode {
  const [most, setMost] = useState(AT_FIRST);
  return (
    <section className="hits" aria-label={text.log.hitList}>
      <ol>
        {hits.slice(0, most).map((hit) => (
          <li key={hit.line}>
            <button type="button" className="hit-line" aria-current={hit.line === current ? "true" : undefined} onClick={() => onOpen(hit)}>
              <span className="number">{hit.line + 1}</span> <code>{plainText(hit.text)}</code>
            </button>
          </li>
        ))}
      </ol>
      {hits.length > most && (
        <button type="button" onClick={() => setMost(most + AT_FIRST)}>
          {text.common.more}
        </button>
      )}
    </section>
  );
}
