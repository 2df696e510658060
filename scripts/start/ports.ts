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
type PortVariable = keyof typeof DEFAULT_PORTS;

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
    const fault = taken.has(port) ? "EADDRINUSE" : await listenFault(port, config.HOST);
    if (fault === undefined) return port;
    const reason = fault === "EADDRINUSE" ? "is taken by another program" : `cannot be used (${fault})`;
    throw new LaunchError(`${variable} ${port} ${reason}: set ${variable} to another one.`);
  }
  async function nextFree(variable: PortVariable): Promise<number> {
    const wanted = DEFAULT_PORTS[variable];
    for (let port = wanted; port < wanted + 200; port++) {
      if (taken.has(port) || (await listenFault(port, config.HOST)) !== undefined) continue;
      if (port !== wanted) notes.push(`Port ${wanted} is taken: using ${port}`);
      return port;
    }
    throw new LaunchError(`No free port from ${wanted} on: set ${variable}.`);
  }
}
