/** Buttons that have something done, and the questions that they ask before. */

import { useState, type FormEvent, type ReactNode } from "react";
import { ApiError, act } from "../api/client";
import { canSignIn, isSignedIn } from "../api/config";
import { useAllowed } from "../api/rights";
import { text } from "../text";
import { Dialog } from "./basics";
import { openSignIn } from "./session";

interface ActionProps<T> {
  readonly path: string;
  readonly method: string;
  readonly params?: object;
  readonly label: string;
  /** What it does, for whoever may do it. */
  readonly hint?: string | undefined;
  readonly className?: string;
  /** Asked for before; its answer is the parameter `parameter`. */
  readonly question?: { readonly title: string; readonly label: string; readonly parameter: string; readonly isNumber?: boolean; readonly initial?: string };
  /** Said before it is done, for what cannot be taken back. */
  readonly warning?: { readonly title: string; readonly text: string };
  readonly onDone?: (result: T) => void;
}

interface PermittedProps {
  /** Of the data API, with the parameters that rules look at. */
  readonly path: string;
  readonly method: string;
  readonly label: string;
  readonly hint?: string | undefined;
  readonly className?: string | undefined;
  readonly isOff?: boolean;
  readonly onClick: () => void;
}

/** A button for who may; whoever has to sign in first is told so, and nobody else sees it. */
export function PermittedButton({ path, method, label, hint, className, isOff = false, onClick }: PermittedProps): ReactNode {
  const allowed = useAllowed(path, method);
  if (allowed === "no") return null;
  const mustSignIn = allowed === "signIn";
  const needed = text.session.neededTo(label);
  return (
    <button
      type="button"
      className={className}
      disabled={isOff || allowed === "asking"}
      title={mustSignIn ? needed : hint}
      onClick={() => (mustSignIn ? openSignIn(needed) : onClick())}
    >
      {label}
    </button>
  );
}

/** A button. A refusal is told beside it. */
export function ActionButton<T>({ path, method, params = {}, label, hint, className, question, warning, onDone }: ActionProps<T>): ReactNode {
  const [isAsking, setAsking] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const run = async (more: object): Promise<void> => {
    setBusy(true);
    setProblem("");
    try {
      const result = await act<T>(path, method, { ...params, ...more });
      setAsking(false);
      onDone?.(result);
    } catch (error) {
      if (error instanceof ApiError && (error.status === 401 || error.status === 403) && !isSignedIn() && canSignIn()) openSignIn(error.message);
      else setProblem(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };
  const ask = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    if (!question) {
      void run({});
      return;
    }
    const given = String(new FormData(event.currentTarget).get("answer") ?? "");
    void run({ [question.parameter]: question.isNumber ? Number(given) : given });
  };
  const asked = question ?? warning;
  return (
    <>
      <PermittedButton path={path} method={method} label={label} hint={hint} className={className} isOff={isBusy} onClick={() => (asked ? setAsking(true) : void run({}))} />
      {problem && !isAsking && (
        <span role="alert" className="error">
          {problem}
        </span>
      )}
      {isAsking && asked && (
        <Dialog title={asked.title} onClose={() => setAsking(false)}>
          <form onSubmit={ask}>
            {warning && <p>{warning.text}</p>}
            {question && (
              <label>
                {question.label}
                <input name="answer" type={question.isNumber ? "number" : "text"} defaultValue={question.initial} maxLength={1000} />
              </label>
            )}
            {problem && (
              <p role="alert" className="error">
                {problem}
              </p>
            )}
            <p className="buttons">
              <button type="submit" className={className === "danger" ? "primary danger" : "primary"} disabled={isBusy}>
                {label}
              </button>
            </p>
          </form>
        </Dialog>
      )}
    </>
  );
}
