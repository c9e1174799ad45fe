/** All requests that wait, in the order in which they are taken; several can be cancelled or moved at once. */

import { getRouteApi, Link } from "@tanstack/react-router";
import { useRef, useState, type ReactNode } from "react";
import type { PendingRequest } from "../api/schema";
import { waitingIds } from "../api/bulk";
import { config } from "../api/config";
import { useGrowingRows } from "../api/growing";
import { useReasonsInSight } from "../api/sight";
import { chosenAfter } from "../lib/growing";
import { afterEvent, QUEUE } from "../lib/pending";
import { Ago, BuilderLink, Document, Empty, useTitle } from "../parts/basics";
import { BulkButtons } from "../parts/Bulk";
import { FilterField, Filters, queryOf } from "../parts/filters";
import { More } from "../parts/growing";
import { Table, type Column } from "../parts/ListPage";
import { Reasons } from "../parts/Reasons";
import { RequestButtons } from "../parts/requests";
import { text } from "../text";

const route = getRouteApi("/pending");
const OPERATORS = { builder: "builder__contains", tag: "tags__contains" } as const;
const NAMED = 100;
type Search = { readonly [name in keyof typeof OPERATORS]?: string };

export default function Pending(): ReactNode {
  const search: Search = route.useSearch();
  const filters = queryOf(search, OPERATORS);
  const isFiltered = filters !== "";
  const navigate = route.useNavigate();
  const set = (name: keyof Search) => (value: string) => void navigate({ search: (before: Search) => ({ ...before, [name]: value || undefined }), replace: true });
  const rows = useGrowingRows<PendingRequest>(`pages/pending${filters && "?"}${filters}`, { events: ["buildrequests/*/*"], apply: afterEvent, ...QUEUE });
  useTitle(`${text.pending.title} · ${config().title}`);
  const builders = [...new Set(rows.data?.map(({ builder }) => builder))].slice(0, NAMED);
  const tags = [...new Set(rows.data?.flatMap((row) => row.tags))].slice(0, NAMED);
  return (
    <>
      <h1>
        {text.pending.title} {rows.total !== null && <span className="count">{rows.total.toLocaleString("en")}</span>}
      </h1>
      <Filters isFiltered={isFiltered} onClear={() => void navigate({ search: {}, replace: true })}>
        <FilterField label={text.common.builder} value={search.builder ?? ""} onChange={set("builder")} choices={builders} />
        <FilterField label={text.pending.tag} value={search.tag ?? ""} onChange={set("tag")} choices={tags} />
      </Filters>
      <Document query={rows}>
        {(requests) =>
          requests.length === 0 ? (
            <Empty>{isFiltered ? text.common.noMatch : text.pending.none}</Empty>
          ) : (
            <>
              <Queue key={filters} requests={requests} total={rows.total ?? requests.length} filters={filters} />
              <More {...rows} />
            </>
          )
        }
      </Document>
    </>
  );
}

function Queue({ requests, total, filters }: { requests: readonly PendingRequest[]; total: number; filters: string }): ReactNode {
  const [chosen, setChosen] = useState<ReadonlySet<number>>(new Set());
  const [isAll, setAll] = useState(false);
  const anchor = useRef<number | null>(null);
  const { reasons, watch } = useReasonsInSight();
  const keys = requests.map(QUEUE.keyOf);
  const present = keys.filter((key) => isAll || chosen.has(key)); // what is gone meanwhile is chosen no more
  const isWhole = present.length === keys.length;
  const choose = (key: number, isOn: boolean, withShift: boolean): void => {
    setAll(false);
    setChosen(chosenAfter(new Set(present), keys, key, isOn, withShift ? anchor.current : null));
    anchor.current = key;
  };
  const clear = (): void => {
    setAll(false);
    setChosen(new Set());
  };
  const columns: readonly Column<PendingRequest>[] = [
    {
      label: text.pending.choose,
      className: "choice",
      cell: ({ buildrequestid }) => (
        <input
          type="checkbox"
          aria-label={text.pending.chooseOne(buildrequestid)}
          checked={isAll || chosen.has(buildrequestid)}
          onChange={() => undefined} // the click knows of Shift
          onClick={(event) => choose(buildrequestid, event.currentTarget.checked, event.shiftKey)}
        />
      ),
    },
    {
      label: text.build.request,
      cell: ({ buildrequestid }) => (
        <Link to="/buildrequests/$request" params={{ request: String(buildrequestid) }}>
          {buildrequestid}
        </Link>
      ),
    },
    { label: text.common.builder, className: "text", cell: ({ builder, builderid }) => <BuilderLink id={builderid}>{builder}</BuilderLink> },
    { label: text.pending.submitted, className: "nowrap", cell: ({ submitted_at }) => <Ago at={submitted_at} /> },
    { label: text.common.priority, className: "named", cell: ({ priority }) => priority },
    {
      label: text.pending.why,
      className: "text",
      cell: ({ buildrequestid }) => (
        <div ref={watch(buildrequestid)} className="why">
          {reasons.has(buildrequestid) && <Reasons reasons={reasons.get(buildrequestid) ?? null} most={3} />}
        </div>
      ),
    },
    { className: "nowrap whole", cell: (request) => <RequestButtons request={request} /> },
  ];
  const count = isAll ? total : present.length;
  return (
    <>
      <div className="toolbar bulk">
        <label className="check">
          <input type="checkbox" checked={isWhole} onChange={() => (isWhole ? clear() : setChosen(new Set(keys)))} />
          {text.pending.chooseShown(keys.length)}
        </label>
        {count > 0 && (
          <>
            <span className="muted" role="status">
              {text.pending.chosen(count)}
            </span>
            {isWhole && !isAll && total > keys.length && (
              <button type="button" className="link" onClick={() => setAll(true)}>
                {text.pending.chooseAll(total)}
              </button>
            )}
            <BulkButtons ids={() => (isAll ? waitingIds(filters) : Promise.resolve(present))} count={count} first={present[0] ?? 0} onDone={clear} />
          </>
        )}
      </div>
      <div className="card flush scroll">
        <Table rows={requests} columns={columns} keyOf={QUEUE.keyOf} />
      </div>
    </>
  );
}
