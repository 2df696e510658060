// `npm run charges -- close|show`: see scripts/charges/main.ts.
import { ensureInstalled, runTypeScript } from "./bootstrap.mjs";

await ensureInstalled();
await runTypeScript("scripts/charges/main.ts");
