// `npm run audit -- books`: see scripts/audit/main.ts.
import { ensureInstalled, runTypeScript } from "./bootstrap.mjs";

await ensureInstalled();
await runTypeScript("scripts/audit/main.ts");
