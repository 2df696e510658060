import { findFreePort, listenFault } from "@understudy/local-services";
import type { StartConfig } from "./config.ts";
import { LaunchError } from "./launch-error.ts";

export interface ChosenPorts {
  api: number;
  emulator: number;
  /** What to tell about those that are not the usual ones. */
  notes: string[];
}

const DEFAULT_PORTS = { PORT: 3000, EMULATOR_PORT: 3001 } as const;
export type PortVariable = keyof typeof DEFAULT_PORTS;
const PORTS_TRIED = 200;

/**
 * A port that was given is taken as it is (0: any free one); a default one gives way to the next free one.
 * @throws LaunchError when a given port is taken
 */
export async function choosePorts(config: StartConfig, needsEmulator: boolean): Promise<ChosenPorts> {
  const taken = new Set<number>();
  const notes: string[] = [];
  const chosen: Partial<Record<PortVariable, number>> = {};
  const variables: PortVariable[] = needsEmulator ? ["PORT", "EMULATOR_PORT"] : ["PORT"];
  // Those that were given first: a default must not take one away from them.
  for (const variable of variables.toSorted((a, b) => Number(isDefault(a)) - Number(isDefault(b)))) {
    const port = isDefault(variable)
      ? await nextFree(variable)
      : await claimGiven(variable, config[variable] ?? 0);
    taken.add(port);
    chosen[variable] = port;
  }
  return { api: chosen.PORT ?? 0, emulator: chosen.EMULATOR_PORT ?? 0, notes };

  function isDefault(variable: PortVariable): boolean {
    return config[variable] === undefined;
  }
  async function claimGiven(variable: PortVariable, port: number): Promise<number> {
    if (port === 0) return await findFreePort(DEFAULT_PORTS[variable]);
    const fault = taken.has(port) ? "EADDRINUSE" : await listenFault(port, hostOf(config, variable));
    if (fault === undefined) return port;
    const reason = fault === "EADDRINUSE" ? "is taken by another program" : `cannot be used (${fault})`;
    throw new LaunchError(`${variable} ${port} ${reason}: set ${variable} to another one.`);
  }
  async function nextFree(variable: PortVariable): Promise<number> {
    const wanted = DEFAULT_PORTS[variable];
    const port = await nextFreePort(config, variable, wanted, taken);
    if (port !== wanted) notes.push(givesWay(wanted, port));
    return port;
  }
}

/**
 * Where to go when a port has been taken since it was chosen (two clones that start at once choose the same):
 * the next free one, but not `reserved`. undefined when it was given and so must not give way, or when
 * nobody has taken it.
 */
export async function giveWay(
  config: StartConfig,
  variable: PortVariable,
  port: number,
  reserved: number,
): Promise<{ port: number; note: string } | undefined> {
  if (config[variable]) return undefined;
  if ((await listenFault(port, hostOf(config, variable))) !== "EADDRINUSE") return undefined;
  const next = await nextFreePort(config, variable, port + 1, new Set([reserved]));
  return { port: next, note: givesWay(port, next) };
}

/** The emulator is for this machine alone, wherever the API listens. */
export function hostOf({ HOST }: StartConfig, variable: PortVariable): string {
  return variable === "EMULATOR_PORT" ? "127.0.0.1" : HOST;
}

async function nextFreePort(
  config: StartConfig,
  variable: PortVariable,
  wanted: number,
  taken: ReadonlySet<number>,
): Promise<number> {
  for (let port = wanted; port < wanted + PORTS_TRIED; port++) {
    if (!taken.has(port) && (await listenFault(port, hostOf(config, variable))) === undefined) return port;
  }
  throw new LaunchError(`No free port from ${wanted} on: set ${variable}.`);
}

function givesWay(wanted: number, port: number): string {
  return `Port ${wanted} is taken: using ${port}`;
}
