// `npm run migrate`: see apps/migrate/src/main.ts.
import { ensureInstalled } from "./bootstrap.mjs";
import { runCommand } from "./run-command.mjs";

await ensureInstalled();
await runCommand("apps/migrate/src/main.ts");
