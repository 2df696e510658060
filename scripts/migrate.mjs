// `npm run migrate`: see apps/migrate/src/main.ts.
import { ensureInstalled, runTypeScript } from "./bootstrap.mjs";

await ensureInstalled();
await runTypeScript("apps/migrate/src/main.ts");
