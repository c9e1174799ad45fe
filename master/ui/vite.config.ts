import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const master = process.env["BUILDMILL_MASTER"] ?? "http://127.0.0.1:8010";

/** Have the browser load at once what the entry imports dynamically: it does so only to ask the master before. */
const preloadStarted: Plugin = {
  name: "preload-started",
  transformIndexHtml: {
    order: "post",
    handler: (_html, { bundle, chunk }) => {
      const files = new Set<string>();
      const add = (file: string): void => {
        const part = bundle?.[file];
        if (files.has(file) || part?.type !== "chunk" || part === chunk || chunk?.imports.includes(file)) return;
        files.add(file);
        part.imports.forEach(add);
      };
      chunk?.dynamicImports.forEach(add);
      return [...files].map((file) => ({ tag: "link", attrs: { rel: "modulepreload", crossorigin: true, href: `./${file}` }, injectTo: "head" }));
    },
  },
};

export default defineConfig({
  base: "./", // the master may stand behind a proxy, below a path
  plugins: [react(), preloadStarted],
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
