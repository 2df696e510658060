// `npm run chaos`: see scripts/chaos/main.ts.
import { ensureInstalled, runTypeScript } from "./bootstrap.mjs";
import { ensureBuilt } from "./build-apps.mjs";

await ensureInstalled();
process.env.UNDERSTUDY_BUILD = await ensureBuilt();
await runTypeScript("scripts/chaos/main.ts");
