/** What a run is made of. Every process has a link of its own to each service. */
export interface Topology {
  name: string;
  apis: number;
  workers: number;
  /** One server; a primary with a synchronous replica; one server behind PgBouncer in transaction mode. */
  postgres: "alone" | "pair" | "pgbouncer";
  /** One server, or a primary with a replica. */
  redis: "alone" | "pair";
}

/** Seeds take them in turn, so that as many seeds in a row as there are topologies meet them all. */
export const topologies: readonly Topology[] = [
  { name: "small", apis: 1, workers: 2, postgres: "alone", redis: "alone" },
  { name: "wide", apis: 2, workers: 3, postgres: "alone", redis: "alone" },
  { name: "postgres-pair", apis: 2, workers: 2, postgres: "pair", redis: "alone" },
  { name: "pgbouncer", apis: 2, workers: 2, postgres: "pgbouncer", redis: "alone" },
  { name: "redis-pair", apis: 2, workers: 2, postgres: "alone", redis: "pair" },
];

export function topologyOf(seed: number): Topology {
  const topology = topologies[seed % topologies.length];
  if (!topology) throw new Error("There is no topology.");
  return topology;
}

/** Names of the processes that faults are done to. */
export function processesOf({ apis, workers }: Topology): { apis: string[]; workers: string[] } {
  const named = (kind: string, count: number) =>
    Array.from({ length: count }, (_, index) => `${kind}-${index}`);
  return { apis: named("api", apis), workers: named("worker", workers) };
}
