import { ensureInstalled } from "./bootstrap.mjs";
import { ensureBuilt } from "./build-apps.mjs";
import { runCommand } from "./run-command.mjs";

await ensureInstalled();
process.env.UNDERSTUDY_BUILD = await ensureBuilt();
await runCommand("scripts/start/main.ts");
