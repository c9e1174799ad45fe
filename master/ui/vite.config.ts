import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const master = process.env["BUILDMILL_MASTER"] ?? "http://127.0.0.1:8010";

export default defineConfig({
  base: "./", // the master may stand behind a proxy, below a path
  plugins: [react()],
  resolve: {
    // its file for browsers lets the page read entities as HTML, which the policy of the page forbids
    alias: { "decode-named-character-reference": fileURLToPath(new URL("node_modules/decode-named-character-reference/index.js", import.meta.url)) },
  },
  build: {
    outDir: "../buildmill/master/web/static",
    emptyOutDir: true,
    target: "es2023",
    assetsInlineLimit: 0, // the policy of the page lets no data: in
    modulePreload: { polyfill: false },
    manifest: "manifest.json",
  },
  server: {
    proxy: Object.fromEntries(["/api", "/auth", "/config", "/ws"].map((path) => [path, { target: master, changeOrigin: true, headers: { origin: master }, ws: path === "/ws", rewriteWsOrigin: true }])),
  },
});
