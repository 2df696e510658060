import { ensureInstalled, runTypeScript } from "./bootstrap.mjs";
import { ensureBuilt } from "./build-apps.mjs";

await ensureInstalled();
process.env.UNDERSTUDY_BUILD = await ensureBuilt();
await runTypeScript("scripts/start/main.ts");
