/** The builds of a builder: the newest, older ones, or those that are like something; and how long these took. */

import { getRouteApi } from "@tanstack/react-router";
import { useEffect, useState, type FormEvent, type ReactNode } from "react";
import type { Build, BuilderPage, BuildOfBranch } from "../api/schema";
import { getDocument } from "../api/client";
import { useGrowingRows } from "../api/growing";
import { text } from "../text";
import { Document, Empty, Section } from "./basics";
import { BuildTable } from "./BuildTable";
import { Durations, DurationsOf } from "./Charts";
import { FilterChoice, FilterField, Filters, queryOf } from "./filters";

const route = getRouteApi("/builders/$builder");
const OLDER = 50;
/** Of those that match: what the plot needs is read at once, and the table begins with the first of it. */
const MATCHING = 200;
const FIRST = 25;
/** By code. */
const RESULTS = ["success", "warnings", "failure", "skipped", "exception", "retry", "cancelled"] as const;
const CHOICES = RESULTS.map((look) => [look, text.looks[look]] as const);
const OPERATORS = { results: "results", branch: "branch" } as const;

export function BuilderBuilds({ page }: { page: BuilderPage }): ReactNode {
  const { result, branch } = route.useSearch();
  const navigate = route.useNavigate();
  const { builder } = route.useParams();
  const [matching, setMatching] = useState<readonly Build[]>();
  if (page.builds === null) return null;
  const code = RESULTS.findIndex((one) => one === result);
  const filters = queryOf({ branch, results: code < 0 ? undefined : String(code) }, OPERATORS);
  const set = (name: "result" | "branch") => (value: string) => void navigate({ search: (before) => ({ ...before, [name]: value || undefined }), replace: true });
  const goTo = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const number = String(new FormData(event.currentTarget).get("number") ?? "");
    if (number) void navigate({ to: "/builders/$builder/builds/$number", params: { builder, number } });
  };
  const section = (
    <Section title={text.builder.builds}>
      {page.builds.length > 0 && (
        <div className="toolbar">
          <Filters isFiltered={filters !== ""} onClear={() => void navigate({ search: {}, replace: true })}>
            <FilterChoice label={text.common.result} value={result ?? ""} choices={CHOICES} onChange={set("result")} />
            <FilterField label={text.changes.fields.branch} value={branch ?? ""} onChange={set("branch")} />
          </Filters>
          <form onSubmit={goTo}>
            <input name="number" type="number" min={1} className="goto" aria-label={text.builder.goto} placeholder={text.builder.goto} />
          </form>
        </div>
      )}
      {filters ? (
        <Filtered key={filters} builder={page.builder.builderid} filters={filters} typical={page.typical_s} onRead={setMatching} />
      ) : (
        <Newest page={page} newest={page.builds} />
      )}
    </Section>
  );
  return (
    <>
      {section}
      {page.builds.length > 0 && !filters && <Durations builder={page.builder.builderid} />}
      {filters && !!matching?.length && <DurationsOf builds={matching} title={text.charts.durationsOf(code < 0 ? "" : text.looks[RESULTS[code] ?? "success"], branch ?? "")} />}
    </>
  );
}

interface FilteredProps {
  readonly builder: number;
  readonly filters: string;
  readonly typical: number | null;
  /** Told what there is, and of nothing at the end. */
  readonly onRead: (builds: readonly Build[] | undefined) => void;
}

function Filtered({ builder, filters, typical, onRead }: FilteredProps): ReactNode {
  const [most, setMost] = useState(FIRST);
  const rows = useGrowingRows<BuildOfBranch>(`pages/builders/${builder}/builds?order=-number&${filters}`, {
    events: [`builders/${builder}/builds/*/*`],
    keyOf: ({ buildid }) => buildid,
    compare: (a, b) => b.number - a.number,
    limit: MATCHING,
  });
  const { data } = rows;
  useEffect(() => {
    onRead(data?.map(({ build }) => build));
    return () => onRead(undefined);
  }, [data, onRead]);
  const older = (): void => {
    setMost(most + OLDER);
    if (data && most + OLDER > data.length) rows.more();
  };
  return (
    <Document query={rows}>
      {(found) =>
        found.length === 0 ? (
          <Empty>{text.common.noMatch}</Empty>
        ) : (
          <>
            <BuildTable builds={found.slice(0, most).map(({ build }) => build)} typical={typical} />
            {rows.problem && <p className="error">{rows.problem}</p>}
            {(most < found.length || rows.hasMore) && (
              <p>
                <button type="button" disabled={rows.isReading} onClick={older}>
                  {text.builder.older}
                </button>
              </p>
            )}
          </>
        )
      }
    </Document>
  );
}

function Newest({ page, newest }: { page: BuilderPage; newest: readonly Build[] }): ReactNode {
  const [older, setOlder] = useState<Build[]>([]);
  const [next, setNext] = useState<string | null | undefined>(undefined);
  const [problem, setProblem] = useState("");
  const after = next === undefined ? page.builds_next : next;
  const known = new Set(newest.map((build) => build.buildid));
  const all = [...newest, ...older.filter((build) => !known.has(build.buildid))];
  const load = async (): Promise<void> => {
    try {
      // behind what is shown: builds that came meanwhile move nothing
      const path = `builders/${page.builder.builderid}/builds?order=-number&limit=${OLDER}&after=${encodeURIComponent(after ?? "")}`;
      const document = (await getDocument(path)) as { builds: Build[]; meta: { next?: string | null } };
      setOlder([...older, ...document.builds]);
      setNext(document.meta.next ?? null);
      setProblem("");
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <>
      {all.length === 0 ? <Empty>{text.builder.noBuilds}</Empty> : <BuildTable builds={all} typical={page.typical_s} />}
      {problem && <p className="error">{problem}</p>}
      {after !== null && (
        <p>
          <button type="button" onClick={() => void load()}>
            {text.builder.older}
          </button>
        </p>
      )}
    </>
  );
}
