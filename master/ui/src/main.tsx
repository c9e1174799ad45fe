import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { readConfig } from "./api/config";
import { live, queries } from "./api/queries";
import { showTheme, storedTheme } from "./parts/theme";
import { router } from "./router";
import "./styles.css";
import { text } from "./text";

const RETRY_MS = 2_000;

async function start(): Promise<void> {
  showTheme(storedTheme());
  const place = document.getElementById("root");
  if (!place) return;
  for (;;) {
    try {
      await readConfig();
      break;
    } catch {
      place.textContent = text.connection.unreachable;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
  place.textContent = "";
  live.start();
  createRoot(place).render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </StrictMode>,
  );
}

void start();
