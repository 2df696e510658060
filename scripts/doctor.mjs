// `npm run doctor`: see scripts/doctor/main.ts.
import { ensureInstalled, runTypeScript } from "./bootstrap.mjs";

await ensureInstalled();
await runTypeScript("scripts/doctor/main.ts");
