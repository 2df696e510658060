import { ensureInstalled, runTypeScript } from "./bootstrap.mjs";

await ensureInstalled();
await runTypeScript("scripts/start/main.ts");
