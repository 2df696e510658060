import { setTimeout as sleep } from "node:timers/promises";
import type { InvariantsWatch } from "@understudy/testkit";
import fc from "fast-check";
import type { FaultGroup } from "../options.ts";
import { processesOf, type Topology } from "../topologies.ts";
import type { World } from "../world.ts";

/** One kind of fault: what it needs to know, and how it is brought about and ended. */
export interface FaultKind<Parameters extends object> {
  group: FaultGroup;
  /** Whether there is in that topology what it is done to. */
  fits?: (topology: Topology) => boolean;
  parameters(topology: Topology): fc.Arbitrary<Parameters>;
  /** What it is done to: of two that meet there the second waits for the first. */
  target(parameters: Parameters): string;
  /**
   * Brings it about, and ends it.
   * @param signal aborts where it is to be ended at once
   * @returns false where nothing was done, since its process does not run
   */
  inject(world: FaultyWorld, parameters: Parameters, signal: AbortSignal): Promise<boolean>;
}

/** What faults are done to, and who judges how it recovers. */
export interface FaultyWorld extends World, Pick<InvariantsWatch, "noteKill" | "noteFailover"> {
  /** @param name of a process that can't work from now on, or "all" where none can @returns takes it back */
  disable(name: string): () => void;
  /** Answers of the provider may be lost from now on. @returns says that they can't any more */
  mayLose(): () => void;
  onViolation(violation: string): void;
}

export const kind = <Parameters extends object>(fault: FaultKind<Parameters>): FaultKind<Parameters> => fault;

/** Waits, or not any longer. */
export const pause = (ms: number, signal: AbortSignal) => sleep(ms, undefined, { signal }).catch(() => {});

/** Does what can't be worked through, and says so meanwhile. */
export async function disabling(
  world: FaultyWorld,
  name: string,
  work: () => Promise<unknown>,
): Promise<true> {
  const enable = world.disable(name);
  try {
    await work();
  } finally {
    enable();
  }
  return true;
}

export const shortMs = fc.integer({ min: 200, max: 6_000 });

/** Some longer than leases, locks and time-outs. */
export const longMs = fc.oneof(
  { weight: 2, arbitrary: fc.integer({ min: 500, max: 4_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 4_000, max: 20_000 }) },
);

export const workerOf = (topology: Topology) => fc.constantFrom(...processesOf(topology).workers);
export const processOf = (topology: Topology) =>
  fc.constantFrom(...processesOf(topology).apis, ...processesOf(topology).workers);
