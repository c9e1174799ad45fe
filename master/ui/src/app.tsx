import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode, useSyncExternalStore, type ReactNode } from "react";
import { createRoot } from "react-dom/client";
import { config, onConfig, readConfig, userName } from "./api/config";
import { queries } from "./api/queries";
import { signInByItself } from "./parts/session";
import { startSettings } from "./parts/settings";
import { router } from "./router";
import { text } from "./text";

const RETRY_MS = 2_000;

/** Drawn anew when somebody signs in or out: nothing of the one before stays. */
function App(): ReactNode {
  const user = useSyncExternalStore(onConfig, () => (config().user.anonymous ? "" : userName()));
  return <RouterProvider key={user} router={router} />;
}

/**
 * Draw the pages.
 * @param configured the configuration is being read
 */
export async function start(configured: Promise<unknown>): Promise<void> {
  startSettings();
  void router.load(); // the programs of the page, meanwhile
  const place = document.getElementById("root");
  if (!place) return;
  for (let reading = configured; ; reading = readConfig()) {
    try {
      await reading;
      break;
    } catch {
      place.textContent = text.connection.unreachable;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
  if (signInByItself()) return;
  place.textContent = "";
  createRoot(place).render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <App />
      </QueryClientProvider>
    </StrictMode>,
  );
}
