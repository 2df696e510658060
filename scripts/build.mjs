// `npm run build`: the apps, built for production.
import { rmSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { ensureInstalled } from "./bootstrap.mjs";

const usage = `Usage: npm run build [-- --out DIRECTORY]

Builds the apps for production: DIRECTORY/<app>.mjs (dist unless given) and what belongs to it. Run one with
\`node --enable-source-maps dist/api.mjs\`; nothing but Node is needed beside it.`;

const { values } = parseArgs({ options: { out: { type: "string" }, help: { type: "boolean" } } });
if (values.help) {
  console.log(usage);
  process.exit(0);
}
await ensureInstalled();
const { buildApps } = await import("./build-apps.mjs");
const directory = resolve(values.out ?? "dist");
rmSync(directory, { recursive: true, force: true });
await buildApps(directory);
console.log(`✓ Built the apps into ${directory}`);
