// `npm run prices -- list|add|quote|check`: see scripts/prices/main.ts.
import { ensureInstalled, runTypeScript } from "./bootstrap.mjs";

await ensureInstalled();
await runTypeScript("scripts/prices/main.ts");
