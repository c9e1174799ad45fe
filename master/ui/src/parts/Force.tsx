/** Forms that start builds, out of the fields that a force scheduler describes. */

import { useNavigate } from "@tanstack/react-router";
import { useId, useRef, useState, type FormEvent, type ReactNode } from "react";
import type { ForceScheduler } from "../api/schema";
import { ApiError, act } from "../api/client";
import { config, isSignedIn } from "../api/config";
import { initialValues, labelOf, visibleFields, type Field, type Values } from "../lib/force";
import { text } from "../text";
import { Dialog } from "./basics";

interface FormProps {
  readonly scheduler: ForceScheduler;
  readonly builderId: number;
  readonly onClose: () => void;
}

export function ForceDialog({ scheduler, builderId, onClose }: FormProps): ReactNode {
  const fields = scheduler.all_fields as unknown as Field[];
  const [values, setValues] = useState<Values>(() => initialValues(fields));
  const [errors, setErrors] = useState<Readonly<Record<string, string>>>({});
  const [problem, setProblem] = useState("");
  const [isBusy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const navigate = useNavigate();

  const set = (more: Values): void => setValues((before) => ({ ...before, ...more }));
  const send = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    try {
      const [, requests] = await act<[number, Record<string, number>]>(`forceschedulers/${encodeURIComponent(scheduler.name)}`, "force", { ...values, builderid: builderId });
      onClose();
      const request = Object.values(requests)[0];
      if (request !== undefined) void navigate({ to: "/buildrequests/$request", params: { request: String(request) } });
    } catch (error) {
      setErrors(error instanceof ApiError ? error.fields : {});
      setProblem(error instanceof Error ? error.message : String(error));
      setBusy(false);
      requestAnimationFrame(() => form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus());
    }
  };
  const known = new Set(flat(fields).map((field) => field.fullName));
  const others = Object.entries(errors).filter(([name]) => !known.has(name));
  return (
    <Dialog title={scheduler.label || scheduler.name} onClose={onClose} className="force">
      <form ref={form} onSubmit={(event) => void send(event)} noValidate>
        {problem && (
          <div role="alert" className="error">
            {Object.keys(errors).length ? text.force.wrong : problem}
            {others.map(([name, told]) => (
              <p key={name}>{told}</p>
            ))}
          </div>
        )}
        <Fields fields={fields} values={values} errors={errors} set={set} />
        <p className="buttons">
          <button type="button" onClick={onClose}>
            {text.common.cancel}
          </button>
          <button type="submit" className="primary" disabled={isBusy}>
            {text.force.start}
          </button>
        </p>
      </form>
    </Dialog>
  );
}

function flat(fields: readonly Field[]): Field[] {
  return fields.flatMap((field) => [field, ...flat(field.fields ?? [])]);
}

interface FieldsProps {
  readonly fields: readonly Field[];
  readonly values: Values;
  readonly errors: Readonly<Record<string, string>>;
  readonly set: (more: Values) => void;
}

function Fields({ fields, ...rest }: FieldsProps): ReactNode {
  return visibleFields(fields, isSignedIn()).map((field, index) =>
    field.type === "nested" ? (
      <Group key={field.fullName ?? index} field={field} {...rest} />
    ) : (
      <One key={field.fullName ?? index} field={field} {...rest} />
    ),
  );
}

function Group({ field, ...rest }: { field: Field } & Omit<FieldsProps, "fields">): ReactNode {
  const [at, setAt] = useState(0);
  const inner = visibleFields(field.fields ?? [], isSignedIn());
  if (inner.length === 0) return null;
  const told = rest.errors[field.fullName ?? ""];
  const content =
    field.layout === "tabs" ? (
      <>
        <div role="tablist" className="tabs">
          {inner.map((tab, index) => (
            <button key={tab.fullName ?? index} type="button" role="tab" aria-selected={index === at} onClick={() => setAt(index)}>
              {tab.tablabel || tab.label || tab.name}
            </button>
          ))}
        </div>
        {inner.map((tab, index) => (
          <div key={tab.fullName ?? index} role="tabpanel" hidden={index !== at}>
            <Fields fields={[tab]} {...rest} />
          </div>
        ))}
      </>
    ) : (
      <div className={`fields columns-${Math.min(4, Math.max(1, field.columns ?? 1))}`}>
        <Fields fields={inner} {...rest} />
      </div>
    );
  if (!field.label && !field.name) return content;
  return (
    <fieldset>
      {field.label && <legend>{field.label}</legend>}
      {told && (
        <p role="alert" className="error">
          {told}
        </p>
      )}
      {content}
    </fieldset>
  );
}

function One({ field, values, errors, set }: { field: Field } & Omit<FieldsProps, "fields">): ReactNode {
  const id = useId();
  const name = field.fullName ?? "";
  const told = errors[name];
  const control = {
    id,
    name,
    required: field.required,
    "aria-invalid": told ? true : undefined,
    "aria-describedby": told ? `${id}-error` : field.tooltip ? `${id}-hint` : undefined,
  };
  const label = labelOf(field);
  const value = values[name];
  const shown = typeof value === "string" || typeof value === "number" ? value : "";
  let input: ReactNode;
  if (field.type === "bool") {
    return (
      <div className="field">
        <label className="check">
          <input type="checkbox" {...control} required={false} checked={value === true} onChange={(event) => set({ [name]: event.target.checked })} /> {label}
        </label>
        <Hints id={id} field={field} told={told} />
      </div>
    );
  }
  if (field.type === "list" || field.type === "inherit") input = <Choice field={field} value={value} control={control} set={set} />;
  else if (field.type === "textarea")
    input = <textarea {...control} rows={Math.min(20, field.rows ?? 5)} value={shown} onChange={(event) => set({ [name]: event.target.value })} />;
  else if (field.type === "file") input = <FileInput field={field} control={control} set={set} />;
  else if (field.multiple)
    input = <textarea {...control} rows={3} value={Array.isArray(value) ? value.join("\n") : ""} onChange={(event) => set({ [name]: event.target.value.split("\n").filter(Boolean) })} />;
  else
    input = (
      <input
        {...control}
        type={field.type === "int" ? "number" : "text"}
        maxLength={field.maxsize ?? undefined}
        size={Math.max(10, Math.min(80, field.size ?? 20))}
        value={shown}
        placeholder={field.type === "username" ? (config().user.email ?? "") : undefined}
        onChange={(event) => set({ [name]: event.target.value })}
      />
    );
  return (
    <div className="field">
      <label htmlFor={id}>
        {label}
        {field.required && <span aria-hidden="true"> *</span>}
      </label>
      {input}
      <Hints id={id} field={field} told={told} />
    </div>
  );
}

function Hints({ id, field, told }: { id: string; field: Field; told: string | undefined }): ReactNode {
  return (
    <>
      {field.tooltip && (
        <small id={`${id}-hint`} className="muted">
          {field.tooltip}
        </small>
      )}
      {told && (
        <p id={`${id}-error`} className="error">
          {told}
        </p>
      )}
    </>
  );
}

type Control = Record<string, unknown> & { id: string; name: string };

function Choice({ field, value, control, set }: { field: Field; value: unknown; control: Control; set: (more: Values) => void }): ReactNode {
  const choices = (field.choices ?? []).map(String);
  const chosen = Array.isArray(value) ? value.map(String) : [String(value ?? "")];
  const choose = (next: string | string[]): void => {
    // a choice may fill in other fields
    const filled = typeof next === "string" ? field.autopopulate?.[next] : undefined;
    set({ [control.name]: next, ...(filled ?? {}) });
  };
  if (field.strict === false && !field.multiple) {
    return (
      <>
        <input {...control} list={`${control.id}-list`} value={chosen[0] ?? ""} placeholder={text.force.any} onChange={(event) => choose(event.target.value)} />
        <datalist id={`${control.id}-list`}>
          {choices.map((choice) => (
            <option key={choice} value={choice} />
          ))}
        </datalist>
      </>
    );
  }
  if (field.multiple)
    return (
      <select {...control} multiple size={Math.min(8, choices.length)} value={chosen} onChange={(event) => choose([...event.target.selectedOptions].map((option) => option.value))}>
        {choices.map((choice) => (
          <option key={choice}>{choice}</option>
        ))}
      </select>
    );
  return (
    <select {...control} value={chosen[0] ?? ""} onChange={(event) => choose(event.target.value)}>
      {!choices.includes(chosen[0] ?? "") && <option value={chosen[0] ?? ""}>{chosen[0] || text.force.any}</option>}
      {choices.map((choice) => (
        <option key={choice}>{choice}</option>
      ))}
    </select>
  );
}

function FileInput({ field, control, set }: { field: Field; control: Control; set: (more: Values) => void }): ReactNode {
  const [problem, setProblem] = useState("");
  const read = async (file: File | undefined): Promise<void> => {
    const limit = field.maxsize ?? Infinity;
    const isTooLarge = file !== undefined && file.size > limit;
    setProblem(isTooLarge ? text.force.tooLarge(limit) : "");
    set({ [control.name]: file && !isTooLarge ? await file.text() : "" });
  };
  return (
    <>
      <input {...control} type="file" onChange={(event) => void read(event.target.files?.[0])} />
      {problem && <p className="error">{problem}</p>}
    </>
  );
}
