// What a browser loads before it shows the first page, compressed: fails above the budget.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const BUDGET_BYTES = 200 * 1000;
const built = new URL("../../buildmill/master/web/static/", import.meta.url);
const manifest = JSON.parse(readFileSync(new URL("manifest.json", built), "utf8"));

const names = new Set(["index.html"]);
function add(key) {
  const part = manifest[key];
  if (names.has(part.file)) return;
  names.add(part.file);
  for (const style of part.css ?? []) names.add(style);
  for (const imported of part.imports ?? []) add(imported);
}
add("index.html");
for (const started of manifest["index.html"].dynamicImports ?? []) add(started);

let total = 0;
for (const name of names) {
  const bytes = gzipSync(readFileSync(new URL(name, built)), { level: 9 }).length;
  total += bytes;
  console.log(`${String(bytes).padStart(8)}  ${name}`);
}
console.log(`${String(total).padStart(8)}  of ${BUDGET_BYTES} compressed bytes`);
if (total > BUDGET_BYTES) process.exit(1);
