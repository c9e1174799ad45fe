/** Who has stopped a build or cancelled a request, when, and why. */

import type { ReactNode } from "react";
import type { Stop } from "../../api/schema";
import { stoppedBy } from "../../lib/cause";
import { Ago } from "../basics";

export function Stopped({ stop }: { stop: Stop }): ReactNode {
  return (
    <>
      {stoppedBy(stop)}, <Ago at={stop.stopped_at} />
      {stop.reason && `: ${stop.reason}`}
    </>
  );
}
