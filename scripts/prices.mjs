// `npm run prices -- list|add|quote|check`: see scripts/prices/main.ts.
import { ensureInstalled } from "./bootstrap.mjs";
import { runCommand } from "./run-command.mjs";

await ensureInstalled();
await runCommand("scripts/prices/main.ts");
