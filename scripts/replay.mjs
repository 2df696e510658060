// `npm run replay -- FILE.csv`: see scripts/replay/main.ts.
import { ensureInstalled } from "./bootstrap.mjs";
import { runCommand } from "./run-command.mjs";

await ensureInstalled();
await runCommand("scripts/replay/main.ts");
