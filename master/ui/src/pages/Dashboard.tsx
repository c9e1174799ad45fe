/** A dashboard of the configuration, in a frame that cannot act as its reader. */

import { getRouteApi } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";
import { addressOf } from "../api/client";
import { config } from "../api/config";
import { NotFound, useTitle } from "../parts/basics";
import { dashboards } from "../parts/places";
import { text } from "../text";

const route = getRouteApi("/$dashboard");
/** The same as in the answer's Content-Security-Policy: no part of the reader's session is in its reach. */
const SANDBOX = "allow-scripts allow-popups allow-popups-to-escape-sandbox";

export default function Dashboard(): ReactNode {
  const { dashboard: name } = route.useParams();
  const shown = dashboards().find((one) => one.name === name);
  const [times, setTimes] = useState(0);
  useTitle(`${shown?.caption ?? text.common.absent} · ${config().title}`);
  if (!shown) return <NotFound />;
  return (
    <div className="dashboard">
      <header className="page-head">
        <h1>{shown.caption}</h1>
        <button type="button" onClick={() => setTimes(times + 1)}>
          {text.dashboard.reload}
        </button>
      </header>
      <iframe key={`${name} ${times}`} title={shown.caption} src={addressOf(`plugins/wsgi_dashboards/${encodeURIComponent(name)}/index.html`)} sandbox={SANDBOX} referrerPolicy="no-referrer" />
    </div>
  );
}
