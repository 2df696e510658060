import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";

const PORTS_TRIED = 200;

/**
 * The wanted TCP port if it is free, else the next free one above it. Nothing keeps it free: who listens
 * there must be ready to be too late. (The package get-port hands out no port twice within 30 s, so that a
 * server could not have its own again.)
 * @throws when none of the next 200 is free
 */
export async function findFreePort(wanted: number, host = "127.0.0.1"): Promise<number> {
  for (let port = wanted; port < wanted + PORTS_TRIED && port <= 65_535; port++) {
    if ((await listenFault(port, host)) === undefined) return port;
  }
  throw new Error(`No free port from ${wanted} on`);
}

/** Why nobody can listen there now, as Node's error code (`EADDRINUSE`); undefined when one can. */
export async function listenFault(port: number, host: string): Promise<string | undefined> {
  return await new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", (err: NodeJS.ErrnoException) => resolve(err.code ?? err.message));
    probe.listen({ port, host, exclusive: true }, () => probe.close(() => resolve(undefined)));
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
