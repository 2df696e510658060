import { ensurePgBouncer, startProcessClock } from "@understudy/testkit";
import { reasonOf } from "../client/command-error.ts";
import type { FaultGroup } from "./options.ts";
import { type Topology, topologies } from "./topologies.ts";

interface Possible {
  topology: Topology;
  groups: readonly FaultGroup[];
  /** What had to be left out, and why: a line each. */
  missing: string[];
}

/** Installs what a run needs and this machine lacks; what can't be had is left out. */
export async function possibleHere(topology: Topology, groups: readonly FaultGroup[]): Promise<Possible> {
  const missing: string[] = [];
  const has = (what: string, install: () => Promise<unknown>) =>
    install().then(
      () => true,
      (error: unknown) => {
        missing.push(`${what}: ${reasonOf(error)}`);
        return false;
      },
    );
  const tryClock = async () => (await startProcessClock()).remove();
  const hasClock = !groups.includes("clock") || (await has("faults of the group clock", tryClock));
  const hasPooler = topology.postgres !== "pgbouncer" || (await has("topology pgbouncer", ensurePgBouncer));
  return {
    topology: hasPooler ? topology : plainest(topology),
    groups: hasClock ? groups : groups.filter((group) => group !== "clock"),
    missing,
  };
}

/** One with services alone and as many APIs, out of the table: traces name it. */
function plainest({ apis }: Topology): Topology {
  const found = topologies.find(
    (one) => one.postgres === "alone" && one.redis === "alone" && one.apis === apis,
  );
  if (!found) throw new Error(`There is no topology of ${apis} APIs with services alone.`);
  return found;
}
