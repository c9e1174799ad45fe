/** Cancelling all that waits on a builder. */

import { useState, type ReactNode } from "react";
import { waitingIds } from "../api/bulk";
import { text } from "../text";
import { PermittedButton } from "./actions";
import { BulkDialog } from "./Bulk";

interface CancelProps {
  readonly builder: number;
  /** One of the requests, whose rules hold for the button. */
  readonly first: number;
  readonly total: number;
}

export function CancelAll({ builder, first, total }: CancelProps): ReactNode {
  const [isAsking, setAsking] = useState(false);
  return (
    <>
      <PermittedButton path={`buildrequests/${first}`} method="cancel" label={text.builder.cancelAll} className="danger" onClick={() => setAsking(true)} />
      {isAsking && (
        <BulkDialog method="cancel" label={text.builder.cancelAll} count={total} first={first} ids={() => waitingIds(`builderid=${builder}`)} onDone={() => undefined} onClose={() => setAsking(false)} />
      )}
    </>
  );
}
