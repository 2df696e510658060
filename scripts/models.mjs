// `npm run models -- list|set|roles|check`: see scripts/models/main.ts.
import { ensureInstalled, runTypeScript } from "./bootstrap.mjs";

await ensureInstalled();
await runTypeScript("scripts/models/main.ts");
