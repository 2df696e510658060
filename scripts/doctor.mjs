// `npm run doctor`: see scripts/doctor/main.ts.
import { ensureInstalled } from "./bootstrap.mjs";
import { runCommand } from "./run-command.mjs";

await ensureInstalled();
await runCommand("scripts/doctor/main.ts");
