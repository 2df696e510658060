import { readFileSync, rmSync } from "node:fs";
import {
  acquireProcessLock,
  lockHolder,
  type ProcessLock,
  waitUntil,
  writePrivateFile,
} from "@understudy/local-services";
import { z } from "zod";
import { LaunchError } from "./launch-error.ts";
import { places } from "./places.ts";
import { say } from "./progress.ts";

const schema = z.object({
  /** The launcher's. */
  pid: z.number(),
  startedAt: z.string(),
  url: z.string(),
  emulatorUrl: z.string().optional(),
});

/** What others may know of the instance that runs in this clone. Written when it is ready; holds no secret. */
export type Instance = z.infer<typeof schema>;

const OTHER_READY_SECONDS = 300;

/**
 * Becomes this clone's one launcher, or finds the instance of the one that already is, waiting for it while
 * it still sets up (or stops).
 */
export async function becomeLauncher(): Promise<{ lock: ProcessLock } | { running: Instance }> {
  let hasSaidSo = false;
  const outcome = await waitUntil(
    async () => {
      const held = acquireProcessLock(places.instanceLock);
      if ("release" in held) return { lock: held };
      const running = await findRunning(held.heldBy.pid);
      if (running) return { running };
      if (!hasSaidSo)
        say(`… Another npm start is at work in this clone (pid ${held.heldBy.pid}): waiting for it`);
      hasSaidSo = true;
      return undefined;
    },
    OTHER_READY_SECONDS * 1000,
    250,
  );
  if (outcome) return outcome;
  throw new LaunchError(
    "Another npm start in this clone does not get ready: stop it (Ctrl-C) and start again.",
  );
}

/** Tells others that the instance is ready. */
export function publishInstance(instance: Instance): void {
  writePrivateFile(places.instance, `${JSON.stringify(instance, null, 2)}\n`);
}

/** Whether that instance is still the one that others may use. */
export function isPublished(instance: Instance): boolean {
  const holder = lockHolder(places.instanceLock);
  return holder?.pid === instance.pid && readInstance()?.startedAt === instance.startedAt;
}

export function withdrawInstance(): void {
  rmSync(places.instance, { force: true });
}

/** The file alone proves nothing after a kill -9: its launcher must hold the lock, and its API answer. */
async function findRunning(launcherPid: number): Promise<Instance | undefined> {
  const instance = readInstance();
  if (instance?.pid !== launcherPid) return undefined;
  try {
    const { ok } = await fetch(new URL("/healthz", instance.url), { signal: AbortSignal.timeout(2000) });
    return ok ? instance : undefined;
  } catch {
    return undefined;
  }
}

function readInstance(): Instance | undefined {
  try {
    return schema.parse(JSON.parse(readFileSync(places.instance, "utf8")));
  } catch {
    return undefined;
  }
}
