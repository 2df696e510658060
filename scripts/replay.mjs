// `npm run replay -- FILE.csv`: see scripts/replay/main.ts.
import { ensureInstalled, runTypeScript } from "./bootstrap.mjs";

await ensureInstalled();
await runTypeScript("scripts/replay/main.ts");
