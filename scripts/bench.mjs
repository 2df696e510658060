// `npm run bench`: see scripts/bench/main.ts.
import { ensureInstalled, runTypeScript } from "./bootstrap.mjs";

await ensureInstalled();
await runTypeScript("scripts/bench/main.ts");
