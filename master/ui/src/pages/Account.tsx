/** Who is signed in, and the tokens of that user's programs. */

import { useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent, type ReactNode } from "react";
import type { Token } from "../api/schema";
import { act } from "../api/client";
import { canSignIn, config, isSignedIn, userName } from "../api/config";
import { useRows } from "../api/queries";
import { ActionButton } from "../parts/actions";
import { Ago, Document, Empty, Section, useTitle } from "../parts/basics";
import { openSignIn } from "../parts/session";
import { text } from "../text";

export default function Account(): ReactNode {
  useTitle(`${text.account.title} · ${config().title}`);
  return (
    <>
      <h1>{text.account.title}</h1>
      {isSignedIn() ? (
        <>
          <div className="card">
            <p>
              {text.account.who} <strong>{userName()}</strong>
            </p>
          </div>
          <Tokens />
        </>
      ) : (
        <div className="card">
          <p>{text.account.anonymous}</p>
          {!canSignIn() && <p className="muted">{text.account.nobody}</p>}
          {canSignIn() && (
            <button type="button" className="primary" onClick={() => openSignIn()}>
              {text.session.signIn}
            </button>
          )}
        </div>
      )}
    </>
  );
}

const DAYS = 90;

function Tokens(): ReactNode {
  const client = useQueryClient();
  const query = useRows<Token>("tokens?order=-tokenid");
  const [made, setMade] = useState("");
  const [problem, setProblem] = useState("");
  const reread = (): void => void client.invalidateQueries({ queryKey: ["tokens?order=-tokenid"] });
  const create = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget;
    const given = new FormData(form);
    const scopes = String(given.get("scopes")).split(/[\s,]+/).filter(Boolean);
    try {
      const { token } = await act<{ token: string }>("tokens", "create", { name: String(given.get("name")), scopes, days: Number(given.get("days")) });
      setMade(token);
      setProblem("");
      form.reset();
      reread();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <Section title={text.account.tokens}>
      <p className="muted">{text.account.explain}</p>
      {made && (
        <div className="note" role="status">
          <p>{text.account.made}</p>
          <output className="mono token">{made}</output>{" "}
          <button type="button" onClick={() => void navigator.clipboard.writeText(made)}>
            {text.common.copy}
          </button>
        </div>
      )}
      <Document query={query}>
        {(tokens) =>
          tokens.length === 0 ? (
            <Empty>{text.account.none}</Empty>
          ) : (
            <div className="scroll">
              <table className="stack">
                <thead>
                  <tr>
                    <th>{text.common.name}</th>
                    <th>{text.account.scopes}</th>
                    <th>{text.account.created}</th>
                    <th>{text.account.used}</th>
                    <th>{text.account.expires}</th>
                    <td />
                  </tr>
                </thead>
                <tbody>
                  {tokens.map((token) => (
                    <tr key={token.tokenid}>
                      <td>{token.name}</td>
                      <td className="mono small">{token.scopes.join(" ")}</td>
                      <td>
                        <Ago at={token.created_at} />
                      </td>
                      <td>{token.last_used_at === null ? text.account.never : <Ago at={token.last_used_at} />}</td>
                      <td>{token.revoked_at === null ? <Ago at={token.expires_at} /> : text.account.revoked}</td>
                      <td>{token.revoked_at === null && <ActionButton path={`tokens/${token.tokenid}`} method="revoke" label={text.account.revoke} className="danger" onDone={reread} />}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )
        }
      </Document>
      <form className="fields columns-3" onSubmit={(event) => void create(event)}>
        <label>
          {text.account.name}
          <input name="name" required maxLength={100} />
        </label>
        <label>
          {text.account.scopes}
          <input name="scopes" required defaultValue="*" aria-describedby="scopes-hint" />
          <small id="scopes-hint" className="muted">
            {text.account.scopesHint}
          </small>
        </label>
        <label>
          {text.account.days}
          <input name="days" type="number" min={1} max={366} defaultValue={DAYS} />
        </label>
        <button type="submit" className="primary">
          {text.account.create}
        </button>
      </form>
      {problem && (
        <p role="alert" className="error">
          {problem}
        </p>
      )}
    </Section>
  );
}
