/** Doing the same to the requests that were chosen. */

import { useState, type FormEvent, type ReactNode } from "react";
import { actOnEach, type Told } from "../api/bulk";
import { text } from "../text";
import { PermittedButton } from "./actions";
import { Dialog } from "./basics";

interface BulkProps {
  /** Gives the ids when it is time; those of all that match have to be asked for. */
  readonly ids: () => Promise<readonly number[]>;
  readonly count: number;
  /** One of them, whose rules hold for the buttons; each is looked at by itself when it is done. */
  readonly first: number;
  readonly onDone: () => void;
}

type Method = "cancel" | "set_priority";
const SHOWN_PROBLEMS = 10;

export function BulkButtons(props: BulkProps): ReactNode {
  const [method, setMethod] = useState<Method | null>(null);
  const path = `buildrequests/${props.first}`;
  return (
    <>
      <PermittedButton path={path} method="set_priority" label={text.pending.setPriority} onClick={() => setMethod("set_priority")} />
      <PermittedButton path={path} method="cancel" label={text.pending.cancelChosen} className="danger" onClick={() => setMethod("cancel")} />
      {method && <BulkDialog key={method} method={method} {...props} onClose={() => setMethod(null)} />}
    </>
  );
}

interface DialogProps extends BulkProps {
  readonly method: Method;
  /** Of the button that does it. */
  readonly label?: string;
  readonly onClose: () => void;
}

/** Asks for the reason or the priority, tells how far it is, and of those to which it could not be done. */
export function BulkDialog({ method, label, ids, count, onDone, onClose }: DialogProps): ReactNode {
  const [asked, setAsked] = useState<number | null>(null);
  const [refused, setRefused] = useState<readonly Told[]>([]);
  const [problem, setProblem] = useState("");
  const isPriority = method === "set_priority";
  const what = label ?? (isPriority ? text.pending.setPriority : text.pending.cancelChosen);
  const title = isPriority ? text.pending.setPriorityTitle(count) : text.pending.cancelTitleOf(count);
  const run = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const given = String(new FormData(event.currentTarget).get("answer") ?? "");
    setProblem("");
    setAsked(0);
    try {
      const not = await actOnEach(await ids(), method, isPriority ? { priority: Number(given) } : { reason: given }, setAsked);
      onDone();
      if (not.length === 0) onClose();
      else setRefused(not);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    } finally {
      setAsked(null);
    }
  };
  return (
    <Dialog title={title} onClose={onClose}>
      {refused.length > 0 ? (
        <div role="alert">
          <p className="error">{text.pending.notDone(refused.length, count)}</p>
          <ul className="plain">
            {refused.slice(0, SHOWN_PROBLEMS).map(({ buildrequestid, problem: why }) => (
              <li key={buildrequestid}>
                {text.pending.request(buildrequestid)}: {why}
              </li>
            ))}
            {refused.length > SHOWN_PROBLEMS && <li className="muted">{text.front.more(refused.length - SHOWN_PROBLEMS)}</li>}
          </ul>
        </div>
      ) : (
        <form onSubmit={(event) => void run(event)}>
          <label>
            {isPriority ? text.pending.newPriority : text.common.reason}
            <input name="answer" type={isPriority ? "number" : "text"} required={isPriority} maxLength={1000} />
          </label>
          {problem && (
            <p role="alert" className="error">
              {problem}
            </p>
          )}
          <p className="buttons">
            <button type="submit" className={isPriority ? "primary" : "danger"} disabled={asked !== null}>
              {asked === null ? what : text.pending.asked(asked, count)}
            </button>
          </p>
        </form>
      )}
    </Dialog>
  );
}
