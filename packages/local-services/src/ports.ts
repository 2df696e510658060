import { readFileSync } from "node:fs";
import { join } from "node:path";
import getPort, { portNumbers } from "get-port";

const PORTS_TRIED = 200;

/** The wanted TCP port on 127.0.0.1 if it is free, else the next free one above it, else any. */
export async function findFreePort(wanted: number): Promise<number> {
  return await getPort({
    host: "127.0.0.1",
    port: portNumbers(wanted, Math.min(wanted + PORTS_TRIED, 65_535)),
  });
}

/** The port that an instance had last, kept in its directory. */
export function readKeptPort(directory: string): number | undefined {
  try {
    const port = Number(readFileSync(join(directory, "port"), "utf8"));
    return Number.isInteger(port) && port > 0 ? port : undefined;
  } catch {
    return undefined;
  }
}
