/** What can be done with chosen lines. */

import { useState, type ReactNode } from "react";
import type { Log, LogChunk } from "../../api/schema";
import { getOne } from "../../api/client";
import { plainText } from "../../lib/ansi";
import { formatRange, splitLines, type LineRange } from "../../lib/lines";
import { text } from "../../text";

const MOST_LINES = 10_000;

export function Selection({ log, range, onEnd }: { log: Log; range: LineRange; onEnd: () => void }): ReactNode {
  const [told, setTold] = useState("");
  const count = range.last - range.first + 1;
  const copy = async (what: () => Promise<string>): Promise<void> => {
    try {
      await navigator.clipboard.writeText(await what());
      setTold(text.common.copied);
    } catch (error) {
      setTold(error instanceof Error ? error.message : String(error));
    }
  };
  const lines = async (): Promise<string> => {
    const chunk = await getOne<LogChunk>(`logs/${log.logid}/contents?offset=${range.first - 1}&limit=${count}`);
    return splitLines(chunk.content, log.type === "s").map((line) => `${plainText(line.text)}\n`).join("");
  };
  return (
    <p className="selection buttons">
      <span>{text.log.selected(formatRange(range).replace("-", "–"))}</span>
      {"clipboard" in navigator && (
        <>
          <button type="button" onClick={() => void copy(() => Promise.resolve(location.href))}>
            {text.log.copyLink}
          </button>
          <button type="button" disabled={count > MOST_LINES} onClick={() => void copy(lines)}>
            {text.log.copyLines}
          </button>
        </>
      )}
      <button type="button" className="quiet" aria-label={text.log.unselect} onClick={onEnd}>
        ✕
      </button>
      <span role="status" className="muted">
        {told}
      </span>
    </p>
  );
}
