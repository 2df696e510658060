// `npm run audit -- books`: see scripts/audit/main.ts.
import { ensureInstalled } from "./bootstrap.mjs";
import { runCommand } from "./run-command.mjs";

await ensureInstalled();
await runCommand("scripts/audit/main.ts");
