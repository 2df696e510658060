import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { CommandError } from "./command-error.ts";

/** Where to send, and as whom. */
export interface Instance {
  /** Without a slash at its end. */
  url: string;
  key: string;
  /** Unknown when Understudy runs elsewhere or talks to Gemini itself. */
  emulatorUrl?: string;
}

interface Wanted {
  url?: string | undefined;
  key?: string | undefined;
  emulatorUrl?: string | undefined;
}

/**
 * Finds the instance: what was given, else the environment, else what runs in this clone
 * (`.understudy/instance.json`; its key is in `.env` or `.understudy/admin-key`, as `npm start` has it). The
 * clone's own key is a secret of that instance: it is never sent to another address.
 */
export async function findInstance(
  wanted: Wanted,
  environment: { UNDERSTUDY_URL?: string; UNDERSTUDY_ADMIN_KEY?: string },
  root: string,
): Promise<Instance> {
  const local = await readLocal(root);
  const named = wanted.url ?? (environment.UNDERSTUDY_URL || undefined) ?? local.url;
  if (named === undefined) {
    throw new CommandError(
      "No Understudy runs in this clone: start one with `npm start`, or give its address with --url or UNDERSTUDY_URL.",
      1,
    );
  }
  const url = checkedUrl(named, "--url or UNDERSTUDY_URL");
  const isLocal = local.url !== undefined && sameServer(url, local.url);
  const key =
    wanted.key ?? (environment.UNDERSTUDY_ADMIN_KEY || undefined) ?? (isLocal ? local.key : undefined);
  if (key === undefined) {
    throw new CommandError(
      `No API key for ${url}: give one with --key or UNDERSTUDY_ADMIN_KEY (this clone's own key is sent to this clone's instance alone).`,
      1,
    );
  }
  const emulator = wanted.emulatorUrl ?? (isLocal ? local.emulatorUrl : undefined);
  return { url, key, ...(emulator && { emulatorUrl: checkedUrl(emulator, "--emulator-url") }) };
}

async function readLocal(root: string): Promise<Wanted> {
  const [instance, kept, dotEnv] = await Promise.all([
    textOf(join(root, ".understudy", "instance.json")),
    textOf(join(root, ".understudy", "admin-key")),
    textOf(join(root, ".env")),
  ]);
  const { UNDERSTUDY_ADMIN_KEY: set } = parseEnv(dotEnv ?? "");
  return { ...urlsOf(instance), key: set || kept?.trim() || undefined };
}

/** A file that is cut short (its writer was killed) counts as none. */
function urlsOf(text: string | undefined): Wanted {
  try {
    const parsed: unknown = JSON.parse(text ?? "null");
    if (typeof parsed !== "object" || parsed === null) return {};
    const { url, emulatorUrl } = parsed as Record<string, unknown>;
    return {
      url: typeof url === "string" ? url : undefined,
      emulatorUrl: typeof emulatorUrl === "string" ? emulatorUrl : undefined,
    };
  } catch {
    return {};
  }
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch {
    return undefined;
  }
}

function checkedUrl(text: string, source: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "http:" && url?.protocol !== "https:") {
    throw new CommandError(`${text} is no http(s) address (from ${source}).`, 2);
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/, "");
}

function sameServer(a: string, b: string): boolean {
  const loopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;
  const [one, other] = [new URL(a), new URL(b)];
  if (one.origin === other.origin) return true;
  return (
    loopback.test(one.hostname) &&
    loopback.test(other.hostname) &&
    one.port === other.port &&
    one.protocol === other.protocol
  );
}
