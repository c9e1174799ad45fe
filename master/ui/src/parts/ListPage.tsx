/** Tables of rows, and pages that are nothing but one. */

import type { ReactNode } from "react";
import { config } from "../api/config";
import { Document, Empty, useTitle, type Loaded } from "./basics";

export interface Column<T> {
  /** Above the column; without one it holds buttons. */
  readonly label?: string;
  /** Classes of its cells: `wide` is left out on small screens, `whole` and `text` get a line of their own there, `named` its label. */
  readonly className?: string;
  readonly cell: (row: T, index: number) => ReactNode;
}

interface TableProps<T> {
  readonly rows: readonly T[];
  readonly columns: readonly Column<T>[];
  readonly keyOf: (row: T) => string | number;
}

/** A table; on small screens each row becomes a paragraph. */
export function Table<T>({ rows, columns, keyOf }: TableProps<T>): ReactNode {
  return (
    <table className="stack">
      <thead>
        <tr>
          {columns.map(({ label, className = "" }, index) =>
            label === undefined ? (
              <td key={index} />
            ) : (
              <th key={index} className={className.includes("wide") ? "wide" : undefined}>
                {label}
              </th>
            ),
          )}
        </tr>
      </thead>
      <tbody>
        {rows.map((row, index) => (
          <tr key={keyOf(row)}>
            {columns.map(({ label, className, cell }, column) => (
              <td key={column} className={className} data-label={className?.includes("named") ? label : undefined}>
                {cell(row, index)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

interface ListPageProps<T> extends Omit<TableProps<T>, "rows"> {
  readonly title: string;
  readonly query: Loaded<readonly T[]>;
  /** What is said where there is no row. */
  readonly none: string;
  /** How there comes to be one. */
  readonly hint?: string;
  /** Stands above the table. */
  readonly children?: ReactNode;
}

/** A page with a title, perhaps something else, and a table. */
export function ListPage<T>({ title, query, none, hint, children, ...table }: ListPageProps<T>): ReactNode {
  useTitle(`${title} · ${config().title}`);
  return (
    <>
      <h1>{title}</h1>
      {children}
      <Document query={query}>
        {(rows) =>
          rows.length === 0 ? (
            <Empty hint={hint}>{none}</Empty>
          ) : (
            <div className="card flush scroll">
              <Table rows={rows} {...table} />
            </div>
          )
        }
      </Document>
    </>
  );
}
