// `npm run mutants`: see scripts/mutants/main.ts.
import { ensureInstalled, runTypeScript } from "./bootstrap.mjs";
import { ensureBuilt } from "./build-apps.mjs";

await ensureInstalled();
// What suites start beside the code in which a fault is planted has none.
process.env.UNDERSTUDY_BUILD = await ensureBuilt();
await runTypeScript("scripts/mutants/main.ts");
