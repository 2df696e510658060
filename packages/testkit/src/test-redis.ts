import { type RunningRedis, startRedis } from "@understudy/local-services";
import { profiled } from "./profile.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

/** Far apart, as a rule: while a test's Redis is down, another's must not take its port. */
const firstPort = 20_000;
const portsMax = 10_000;

/**
 * A Redis of the test's own.
 * @param persistent whether a restart keeps what was written
 * @param settings beside the defaults, such as a `tls-port`
 */
export async function startTestRedis(
  persistent = false,
  settings: Record<string, string> = {},
): Promise<RunningRedis> {
  const directory = await temporaryDirectory();
  const port = firstPort + Math.floor(Math.random() * portsMax);
  const options = { directory: directory.path, port, persistent, settings, endWithOwner: true };
  return await profiled("redis", () => startRedis(options));
}
