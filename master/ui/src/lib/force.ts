/** What a force scheduler says about its fields, and the values that a form begins with. */

export interface Field {
  readonly name: string;
  readonly fullName: string | null;
  readonly label: string;
  readonly tablabel?: string;
  readonly type: string;
  readonly default?: unknown;
  readonly required?: boolean;
  readonly multiple?: boolean;
  readonly hide?: boolean;
  readonly maxsize?: number | null;
  readonly tooltip?: string;
  readonly size?: number;
  readonly rows?: number;
  readonly strict?: boolean;
  readonly choices?: readonly unknown[];
  readonly autopopulate?: Readonly<Record<string, Readonly<Record<string, unknown>>>> | null;
  readonly layout?: string;
  readonly columns?: number;
  readonly fields?: readonly Field[];
}

/** By full name, as they are sent. */
export type Values = Readonly<Record<string, unknown>>;

/** What a field is called; labels of other forms of the same scheduler end with a colon. */
export function labelOf(field: Field): string {
  return (field.label || field.name).replace(/\s*:\s*$/, "");
}

/** The values of a form that nobody has touched; what is hidden keeps them. */
export function initialValues(fields: readonly Field[]): Values {
  const found: Record<string, unknown> = {};
  for (const field of fields) {
    if (field.type === "nested") Object.assign(found, initialValues(field.fields ?? []));
    else if (field.fullName && field.type !== "fixed" && field.type !== "file") found[field.fullName] = initialValue(field);
  }
  return found;
}

function initialValue(field: Field): unknown {
  const given = field.default ?? "";
  if (field.type === "bool") return given === true || /^(?:true|1|on|yes)$/i.test(String(given));
  if (field.multiple) return Array.isArray(given) ? given : given === "" ? [] : [given];
  if (field.type === "list" && field.strict !== false && given === "" && field.choices?.length) return String(field.choices[0]);
  return given;
}

/** Those that are shown. Who is signed in is known already. */
export function visibleFields(fields: readonly Field[], isSignedIn: boolean): Field[] {
  return fields.filter((field) => !field.hide && field.type !== "fixed" && !(field.type === "username" && isSignedIn));
}
