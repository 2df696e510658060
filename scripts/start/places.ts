import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const state = join(root, ".understudy");

/** Where `npm start` keeps what it makes: all of it under `.understudy/`, which may be deleted as a whole. */
export const places = {
  root,
  state,
  /** The apps, built by scripts/start.mjs. */
  build: String(process.env.UNDERSTUDY_BUILD),
  postgres: join(state, "postgres"),
  redis: join(state, "redis"),
  emulator: join(state, "emulator"),
  logs: join(state, "logs"),
  adminKey: join(state, "admin-key"),
  secretsKeys: join(state, "secrets-keys"),
  instance: join(state, "instance.json"),
  instanceLock: join(state, "instance.lock"),
  processes: join(state, "processes.json"),
} as const;

/** The log of one of the processes started here. */
export function logFileOf(name: string): string {
  return join(places.logs, `${name.toLowerCase()}.log`);
}
