/** Cancelling all that waits on a builder. */

import { useState, type FormEvent, type ReactNode } from "react";
import type { BuildRequest } from "../api/schema";
import { act, ApiError, getRows, patiently } from "../api/client";
import { text } from "../text";
import { PermittedButton } from "./actions";
import { Dialog } from "./basics";

/**
 * @param first the id of one of the requests, whose rules hold for all
 * @param total how many there are now
 */
export function CancelAll({ builder, first, total }: { builder: number; first: number; total: number }): ReactNode {
  const [isAsking, setAsking] = useState(false);
  const [done, setDone] = useState<number | null>(null);
  const [problem, setProblem] = useState("");
  const cancelAll = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const reason = String(new FormData(event.currentTarget).get("reason") ?? "");
    setProblem("");
    setDone(0);
    try {
      const waiting = await getRows<BuildRequest>(`builders/${builder}/buildrequests?complete=false&claimed=false&order=buildrequestid`);
      for (const [index, { buildrequestid }] of waiting.entries()) {
        await patiently(() => cancelled(buildrequestid, reason));
        setDone(index + 1);
      }
      setAsking(false);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    } finally {
      setDone(null);
    }
  };
  return (
    <>
      <PermittedButton path={`buildrequests/${first}`} method="cancel" label={text.builder.cancelAll} className="danger" onClick={() => setAsking(true)} />
      {isAsking && (
        <Dialog title={text.builder.cancelAllTitle(total)} onClose={() => setAsking(false)}>
          <form onSubmit={(event) => void cancelAll(event)}>
            <label>
              {text.common.reason}
              <input name="reason" maxLength={1000} />
            </label>
            {problem && (
              <p role="alert" className="error">
                {problem}
              </p>
            )}
            <p className="buttons">
              <button type="submit" className="danger" disabled={done !== null}>
                {done === null ? text.builder.cancelAll : text.builder.cancelled(done)}
              </button>
            </p>
          </form>
        </Dialog>
      )}
    </>
  );
}

/** One that is gone is left out; the build of one that has begun meanwhile is stopped. */
async function cancelled(request: number, reason: string): Promise<void> {
  try {
    await act(`buildrequests/${request}`, "cancel", { reason });
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 404)) throw error;
  }
}
