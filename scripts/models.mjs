// `npm run models -- list|set|roles|check`: see scripts/models/main.ts.
import { ensureInstalled } from "./bootstrap.mjs";
import { runCommand } from "./run-command.mjs";

await ensureInstalled();
await runCommand("scripts/models/main.ts");
