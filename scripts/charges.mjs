// `npm run charges -- close|show`: see scripts/charges/main.ts.
import { ensureInstalled } from "./bootstrap.mjs";
import { runCommand } from "./run-command.mjs";

await ensureInstalled();
await runCommand("scripts/charges/main.ts");
