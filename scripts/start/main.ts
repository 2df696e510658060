import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { knownAdminKey, obtainAdminKey } from "./admin-key.ts";
import { readStartConfig, type StartConfig } from "./config.ts";
import { obtainFirstReply } from "./first-reply.ts";
import { becomeLauncher, type Instance, isPublished, publishInstance, withdrawInstance } from "./instance.ts";
import { LaunchError, messageOf } from "./launch-error.ts";
import { HELP, readOptions, type StartOptions } from "./options.ts";
import { places } from "./places.ts";
import { complain, say } from "./progress.ts";
import { sayLinks, sayReply, sayWebhooks } from "./report.ts";
import { setUp } from "./set-up.ts";
import { createStack, type Stack } from "./stack.ts";
import { listenForStop } from "./stop-request.ts";

/** The exit code of what Ctrl-C ended before it was done. */
const INTERRUPTED = 130;

process.exitCode = await main().catch((err: unknown) => {
  complain(messageOf(err));
  return 1;
});
process.exit();

/** @returns the exit code */
async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options.help) {
    say(HELP);
    return 0;
  }
  const dotEnv = join(places.root, ".env");
  if (existsSync(dotEnv)) process.loadEnvFile(dotEnv);
  const config = readStartConfig(process.env);
  mkdirSync(places.state, { recursive: true });
  for (;;) {
    const role = await becomeLauncher();
    if ("running" in role) {
      const exitCode = await visit(role.running, config, options);
      if (exitCode !== "it stopped") return exitCode;
    } else {
      try {
        return await launch(config, options);
      } finally {
        role.lock.release();
      }
    }
  }
}

/** The instance of this clone runs already; if it stops before our reply has come, we take its place. */
async function visit(
  instance: Instance,
  config: StartConfig,
  options: StartOptions,
): Promise<number | "it stopped"> {
  say(`Understudy runs already in this clone (pid ${instance.pid}):`);
  if (options.once) {
    const adminKey = knownAdminKey(config);
    if (adminKey === undefined) {
      throw new LaunchError("Set UNDERSTUDY_ADMIN_KEY to the key that it was started with.");
    }
    try {
      await showFirstReply(instance, adminKey);
    } catch (err) {
      if (isPublished(instance)) throw err;
      return "it stopped";
    }
  }
  await sayLinks(instance);
  return 0;
}

async function launch(config: StartConfig, options: StartOptions): Promise<number> {
  const stack = createStack();
  const stop = listenForStop(config.npm_lifecycle_event !== undefined, () => stack.hurry());
  let failed = false;
  const giveUp = () => {
    failed = true;
    stop.trigger();
  };
  const work = runUntilDone(config, options, { stack, giveUp, stopAsked: () => stop.wasAsked() });
  try {
    await Promise.race([work, stop.asked]);
    if (!options.once) await stop.asked;
  } catch (err) {
    complain(messageOf(err));
    failed = true;
  }
  withdrawInstance();
  const isStopWorthTelling = !stack.isEmpty();
  if (isStopWorthTelling) say("… Stopping");
  // Twice: what is starting at this moment is ended by the first, or joins the stack after it.
  await stack.stop();
  await work.catch(() => undefined);
  withdrawInstance();
  await stack.stop();
  if (isStopWorthTelling) say("✓ Stopped");
  if (failed) return 1;
  return options.once && stop.wasAsked() ? INTERRUPTED : 0;
}

interface Control {
  stack: Stack;
  giveUp: () => void;
  stopAsked: () => boolean;
}

/** From nothing to the first reply; with `--once` its failure is an error, else only told. */
async function runUntilDone(config: StartConfig, options: StartOptions, control: Control): Promise<void> {
  const { key: adminKey, isNew } = obtainAdminKey(config);
  if (isNew) say(`  Admin key, shown this once and kept in .understudy/admin-key: ${adminKey}`);
  const instance = await setUp({ config, adminKey, environment: process.env, ...control });
  publishInstance(instance);
  sayWebhooks(config);
  try {
    await showFirstReply(instance, adminKey);
  } catch (err) {
    if (options.once) throw err;
    if (!control.stopAsked()) complain(messageOf(err));
  }
  if (options.once || control.stopAsked()) return;
  await sayLinks(instance);
  say("\n  Up. Ctrl-C stops it.");
}

async function showFirstReply(instance: Instance, adminKey: string): Promise<void> {
  const startedAt = Date.now();
  sayReply(await obtainFirstReply(instance.url, adminKey), (Date.now() - startedAt) / 1000);
}
