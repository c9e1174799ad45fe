/** Where the pages begin: the master is asked for everything that is needed while the browser still starts the programs. */

import { readConfig } from "./api/config";
import { askEarly } from "./api/early";
import { live } from "./api/live";
import "./styles.css";

live.start();
const configured = readConfig();
configured.catch(() => undefined); // `start` tries again
void askEarly();
void import("./app").then(({ start }) => start(configured));
