/** What a configuration says about a builder or a project. */

import { CatchBoundary } from "@tanstack/react-router";
import { lazy, Suspense, type ComponentType, type ReactNode } from "react";
import type { MarkdownProps } from "./Markdown";

// what reads Markdown may not be had any more: the master has newer pages
const Markdown = lazy<ComponentType<MarkdownProps>>(() => import("./Markdown").catch(() => ({ default: AsWritten })));
/** Characters; what is longer is shown as it was written, because the time to read Markdown grows with the square of it. */
const LONGEST = 8_000;

interface Described {
  readonly description: string | null;
  readonly description_format: string | null;
}

function AsWritten({ source }: { source: string }): ReactNode {
  return <p className="description">{source}</p>;
}

/** Text, or Markdown: that is text, too, until what reads it is there, and when it cannot be read. `below`: the level of the heading above it. */
export function Description({ of: { description, description_format: format }, below }: { of: Described; below: 1 | 2 }): ReactNode {
  if (!description) return null;
  const written = <AsWritten source={description} />;
  if (format !== "markdown" || description.length > LONGEST) return written;
  return (
    <CatchBoundary getResetKey={() => description} errorComponent={() => written}>
      <Suspense fallback={written}>
        <Markdown source={description} below={below} />
      </Suspense>
    </CatchBoundary>
  );
}
