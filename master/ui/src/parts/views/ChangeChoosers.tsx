/** Which changes a view shows: by branch, codebase, project. */

import type { ReactNode } from "react";
import type { BuiltChange } from "../../api/schema";
import type { ViewSearch } from "../../lib/console";
import { text } from "../../text";
import { Chooser } from "./Filters";

type Name = "branch" | "codebase" | "project";
const NAMES: readonly Name[] = ["branch", "codebase", "project"];

interface Props {
  /** Their values can be chosen. */
  readonly changes: readonly BuiltChange[];
  readonly search: ViewSearch;
  readonly change: (next: ViewSearch) => void;
  readonly names?: readonly Name[];
}

export function ChangeChoosers({ changes, search, change, names = NAMES }: Props): ReactNode {
  return names.map((name) => {
    const values = [...new Set(changes.map((one) => one[name]))].filter((one): one is string => !!one).sort();
    return <Chooser key={name} label={text.views[name]} value={search[name]} values={values} onChange={(value) => change({ [name]: value })} />;
  });
}
