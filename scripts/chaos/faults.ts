import { setTimeout as sleep } from "node:timers/promises";
import type { InvariantsWatch } from "@understudy/testkit";
import fc from "fast-check";
import type { FaultGroup } from "./options.ts";
import { processesOf, type Topology } from "./topologies.ts";
import type { World } from "./world.ts";

/** One kind of fault: what it needs to know, and how it is brought about and ended. */
interface FaultKind<Parameters extends object> {
  group: FaultGroup;
  /** Whether there is in that topology what it is done to. */
  fits?: (topology: Topology) => boolean;
  parameters(topology: Topology): fc.Arbitrary<Parameters>;
  /** What it is done to: of two that meet there the second waits for the first. */
  target(parameters: Parameters): string;
  /** The process that can't do its work meanwhile, or "all" where none can; nobody unless given. */
  disables?(parameters: Parameters): string;
  /** Brings it about, and ends it. @param signal aborts where it is to be ended at once */
  inject(world: FaultyWorld, parameters: Parameters, signal: AbortSignal): Promise<void>;
}

/** What faults are done to, and who judges how it recovers. */
export interface FaultyWorld extends World, Pick<InvariantsWatch, "noteKill" | "noteFailover"> {
  /** Whether a fault is done to that target now. */
  isUnder(target: string): boolean;
  onViolation(violation: string): void;
}

const kind = <Parameters extends object>(fault: FaultKind<Parameters>): FaultKind<Parameters> => fault;

/** Waits, or not any longer. */
const pause = (ms: number, signal: AbortSignal) => sleep(ms, undefined, { signal }).catch(() => {});

const shortMs = fc.integer({ min: 200, max: 6_000 });
/** Longer than leases, locks and time-outs of a few seconds. */
const longMs = fc.integer({ min: 1_000, max: 20_000 });

const workerOf = (topology: Topology) => fc.constantFrom(...processesOf(topology).workers);
const processOf = (topology: Topology) =>
  fc.constantFrom(...processesOf(topology).apis, ...processesOf(topology).workers);

/** As the worker's telemetry tells them. */
const pointOf = fc.constantFrom(
  "picked",
  "claimed",
  "opened",
  "answered",
  "settled",
  "finished",
  "acknowledged",
);
const nth = fc.integer({ min: 1, max: 8 });

/** One of each class that is not the data's. Source: appendix A of Postgres' manual. */
const sqlStates = fc.constantFrom(
  "08006",
  "25006",
  "28000",
  "40001",
  "40P01",
  "53100",
  "53200",
  "53300",
  "55P03",
  "57014",
  "57P01",
  "57P03",
  "58030",
  "XX000",
);

const linkFault = {
  mode: fc.constantFrom(
    "refuse" as const,
    "hold" as const,
    "swallow" as const,
    "cut" as const,
    "delay" as const,
  ),
  ms: longMs,
};

/** All that is done, by name. A schedule keeps names and parameters alone. */
export const faultKinds = {
  kill: kind({
    group: "processes",
    parameters: (topology) => fc.record({ process: processOf(topology), downMs: shortMs }),
    target: ({ process }) => process,
    disables: ({ process }) => process,
    async inject(world, { process, downMs }, signal) {
      world.noteKill();
      await world.process(process).kill();
      await pause(downMs, signal);
      await world.process(process).start();
    },
  }),
  "kill-at": kind({
    group: "processes",
    parameters: (topology) =>
      fc.record({ process: workerOf(topology), point: pointOf, nth, downMs: shortMs }),
    target: ({ process }) => process,
    disables: ({ process }) => process,
    async inject(world, { process, point, nth, downMs }, signal) {
      if (!(await world.process(process).killAt(point, nth, signal))) return;
      world.noteKill();
      await pause(downMs, signal);
      await world.process(process).start();
    },
  }),
  freeze: kind({
    group: "processes",
    parameters: (topology) => fc.record({ process: processOf(topology), ms: longMs }),
    target: ({ process }) => process,
    disables: ({ process }) => process,
    async inject(world, { process, ms }, signal) {
      world.process(process).signal("SIGSTOP");
      await pause(ms, signal);
      world.process(process).signal("SIGCONT");
    },
  }),
  "freeze-at": kind({
    group: "processes",
    parameters: (topology) => fc.record({ process: workerOf(topology), point: pointOf, nth, ms: longMs }),
    target: ({ process }) => process,
    disables: ({ process }) => process,
    async inject(world, { process, point, nth, ms }, signal) {
      world.process(process).freezeAt(point, nth);
      await pause(ms, signal);
      world.process(process).forgetPoints();
      world.process(process).signal("SIGCONT");
    },
  }),
  restart: kind({
    group: "processes",
    parameters: (topology) => fc.record({ process: processOf(topology), downMs: shortMs }),
    target: ({ process }) => process,
    disables: ({ process }) => process,
    async inject(world, { process, downMs }, signal) {
      // What it runs can't be given back while Postgres is away.
      const isExcused = () => world.isUnder("postgres") || world.isUnder(`${process} postgres`);
      const excused = isExcused();
      const fault = await world.process(process).stop();
      if (fault !== undefined && !excused && !isExcused()) world.onViolation(`X: ${fault}`);
      await pause(downMs, signal);
      await world.process(process).start();
    },
  }),

  "postgres-crash": kind({
    group: "postgres",
    parameters: () => fc.record({ downMs: longMs }),
    target: () => "postgres",
    disables: () => "all",
    async inject(world, { downMs }, signal) {
      await world.postgres.crash(() => pause(downMs, signal));
    },
  }),
  "postgres-freeze": kind({
    group: "postgres",
    parameters: () => fc.record({ ms: longMs }),
    target: () => "postgres",
    disables: () => "all",
    async inject(world, { ms }, signal) {
      await world.postgres.freeze(() => pause(ms, signal));
    },
  }),
  "postgres-failover": kind({
    group: "postgres",
    fits: ({ postgres }) => postgres === "pair",
    parameters: () => fc.record({ settleMs: shortMs }),
    target: () => "postgres",
    disables: () => "all",
    async inject(world, { settleMs }, signal) {
      world.noteFailover();
      await world.postgres.failOver();
      await pause(settleMs, signal);
    },
  }),
  "postgres-ends-sessions": kind({
    group: "postgres",
    parameters: () => fc.record({ ms: longMs }),
    target: () => "postgres",
    disables: () => "all",
    async inject(world, { ms }, signal) {
      const until = performance.now() + ms;
      while (performance.now() < until && !signal.aborted) {
        await world.postgres.endSessions(2).catch(() => {});
        await pause(150, signal);
      }
    },
  }),
  "postgres-read-only": kind({
    group: "postgres",
    parameters: () => fc.record({ ms: longMs }),
    target: () => "postgres",
    disables: () => "all",
    async inject(world, { ms }, signal) {
      await world.postgres.setReadOnly(true);
      await pause(ms, signal);
      await world.postgres.setReadOnly(false);
    },
  }),
  sqlstate: kind({
    group: "postgres",
    parameters: (topology) => fc.record({ process: processOf(topology), sqlState: sqlStates, ms: shortMs }),
    target: ({ process }) => `${process} postgres`,
    disables: ({ process }) => process,
    async inject(world, { process, sqlState, ms }, signal) {
      const end = world.process(process).links.postgres.answer({ sqlState });
      await pause(ms, signal);
      end();
    },
  }),
  "drop-after-commit": kind({
    group: "postgres",
    parameters: (topology) =>
      fc.record({ process: processOf(topology), times: fc.integer({ min: 1, max: 10 }), ms: shortMs }),
    target: ({ process }) => `${process} postgres`,
    disables: ({ process }) => process,
    async inject(world, { process, times, ms }, signal) {
      const end = world.process(process).links.postgres.dropAfterCommit({ times });
      await pause(ms, signal);
      end();
    },
  }),

  "redis-crash": kind({
    group: "redis",
    // A pair keeps nothing on disk: its replica is what it has.
    fits: ({ redis }) => redis === "alone",
    parameters: () =>
      fc.record({ downMs: longMs, cutBytes: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 50_000 })) }),
    target: () => "redis",
    disables: () => "all",
    async inject(world, { downMs, cutBytes }, signal) {
      await world.redis.crash(cutBytes, () => pause(downMs, signal));
    },
  }),
  "redis-wipe": kind({
    group: "redis",
    parameters: () => fc.record({}),
    target: () => "redis",
    disables: () => "all",
    inject: (world) => world.redis.wipe(),
  }),
  "redis-freeze": kind({
    group: "redis",
    parameters: () => fc.record({ ms: longMs }),
    target: () => "redis",
    disables: () => "all",
    async inject(world, { ms }, signal) {
      await world.redis.freeze(() => pause(ms, signal));
    },
  }),
  "redis-full": kind({
    group: "redis",
    parameters: () => fc.record({ ms: longMs }),
    target: () => "redis",
    disables: () => "all",
    async inject(world, { ms }, signal) {
      await world.redis.setFull(true);
      await pause(ms, signal);
      await world.redis.setFull(false);
    },
  }),
  "redis-failover": kind({
    group: "redis",
    fits: ({ redis }) => redis === "pair",
    parameters: () => fc.record({ settleMs: shortMs }),
    target: () => "redis",
    disables: () => "all",
    async inject(world, { settleMs }, signal) {
      world.noteFailover();
      await world.redis.failOver();
      await pause(settleMs, signal);
    },
  }),

  link: kind({
    group: "network",
    parameters: (topology) =>
      fc.oneof(
        fc.record({
          process: processOf(topology),
          to: fc.constantFrom("postgres" as const, "redis" as const),
          ...linkFault,
        }),
        // Only workers call Gemini.
        fc.record({ process: workerOf(topology), to: fc.constant("gemini" as const), ...linkFault }),
      ),
    target: ({ process, to }) => `${process} ${to}`,
    disables: ({ process, to }) => (to === "gemini" ? nobody : process),
    async inject(world, { process, to, mode, ms }, signal) {
      const link = world.process(process).links[to];
      if (mode === "delay") link.delay(delayMs);
      else link[mode]();
      if (mode === "cut") return;
      await pause(mode === "swallow" ? swallowedMs : ms, signal);
      if (mode === "delay") link.delay(0);
      else link.pass();
    },
  }),

  clock: kind({
    group: "clock",
    parameters: (topology) =>
      fc.record({
        process: processOf(topology),
        skewMs: fc.constantFrom(-600_000, -30_000, 30_000, 600_000),
        ms: longMs,
      }),
    target: ({ process }) => `${process} clock`,
    async inject(world, { process, skewMs, ms }, signal) {
      world.process(process).setClock(skewMs);
      await pause(ms, signal);
      world.process(process).setClock(0);
    },
  }),
};

/** Within so long connections that are black holes are found out and made anew. */
const swallowedMs = 20_000;

const nobody = "nobody";

/** On a link that is slow, each way. */
const delayMs = 400;

export type FaultName = keyof typeof faultKinds;

/** By name, for what is read from a schedule; their parameters are checked by nobody but who made them. */
export function faultOf(name: FaultName): FaultKind<object> {
  return faultKinds[name] as unknown as FaultKind<object>;
}

export function isFaultName(name: string): name is FaultName {
  return Object.hasOwn(faultKinds, name);
}
