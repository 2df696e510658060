import { setTimeout as sleep } from "node:timers/promises";
import { jobPoints } from "@understudy/telemetry";
import type { InvariantsWatch } from "@understudy/testkit";
import fc from "fast-check";
import type { FaultGroup } from "./options.ts";
import type { SupervisedProcess } from "./supervised-process.ts";
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

const kind = <Parameters extends object>(fault: FaultKind<Parameters>): FaultKind<Parameters> => fault;

/** Waits, or not any longer. */
const pause = (ms: number, signal: AbortSignal) => sleep(ms, undefined, { signal }).catch(() => {});

/** Does what can't be worked through, and says so meanwhile. */
async function disabling(world: FaultyWorld, name: string, work: () => Promise<unknown>): Promise<true> {
  const enable = world.disable(name);
  try {
    await work();
  } finally {
    enable();
  }
  return true;
}

const shortMs = fc.integer({ min: 200, max: 6_000 });
/** Some longer than leases, locks and time-outs. */
const longMs = fc.oneof(
  { weight: 2, arbitrary: fc.integer({ min: 500, max: 4_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 4_000, max: 20_000 }) },
);

/** Half of them longer than a worker's lease: then others take over what it was at, and it comes back to that. */
const frozenMs = fc.oneof(fc.integer({ min: 200, max: 6_000 }), fc.integer({ min: 9_000, max: 20_000 }));

const workerOf = (topology: Topology) => fc.constantFrom(...processesOf(topology).workers);
const processOf = (topology: Topology) =>
  fc.constantFrom(...processesOf(topology).apis, ...processesOf(topology).workers);

const pointOf = fc.constantFrom(...jobPoints);
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
    inject: (world, { process, downMs }, signal) =>
      ifRunning(world, process, (one) => {
        world.noteKill();
        return down(world, process, () => one.kill(), downMs, signal);
      }),
  }),
  "kill-at": kind({
    group: "processes",
    parameters: (topology) =>
      fc.record({ process: workerOf(topology), point: pointOf, nth, downMs: shortMs }),
    target: ({ process }) => process,
    inject: (world, { process, point, nth, downMs }, signal) =>
      ifRunning(world, process, async (one) => {
        await one.killAt(point, nth, signal);
        world.noteKill();
        return await down(world, process, async () => {}, downMs, signal);
      }),
  }),
  freeze: kind({
    group: "processes",
    parameters: (topology) => fc.record({ process: processOf(topology), ms: frozenMs }),
    target: ({ process }) => process,
    inject: (world, { process, ms }, signal) =>
      ifRunning(world, process, (one) => {
        one.signal("SIGSTOP");
        return frozen(world, process, ms, signal);
      }),
  }),
  "freeze-at": kind({
    group: "processes",
    parameters: (topology) => fc.record({ process: workerOf(topology), point: pointOf, nth, ms: frozenMs }),
    target: ({ process }) => process,
    inject: (world, { process, point, nth, ms }, signal) =>
      ifRunning(world, process, async (one) => {
        await one.freezeAt(point, nth, signal);
        return await frozen(world, process, ms, signal);
      }),
  }),
  restart: kind({
    group: "processes",
    parameters: (topology) => fc.record({ process: processOf(topology), downMs: shortMs }),
    target: ({ process }) => process,
    inject: (world, { process, downMs }, signal) =>
      ifRunning(world, process, (one) => {
        const stop = async () => {
          const fault = await one.stop();
          if (fault !== undefined) world.onViolation(`X: ${fault}`);
        };
        return down(world, process, stop, downMs, signal);
      }),
  }),

  "postgres-crash": kind({
    group: "postgres",
    parameters: () => fc.record({ downMs: longMs }),
    target: () => "postgres",
    inject: (world, { downMs }, signal) =>
      disabling(world, "all", () => world.postgres.crash(() => pause(downMs, signal))),
  }),
  "postgres-freeze": kind({
    group: "postgres",
    parameters: () => fc.record({ ms: longMs }),
    target: () => "postgres",
    inject: (world, { ms }, signal) =>
      disabling(world, "all", () => world.postgres.freeze(() => pause(ms, signal))),
  }),
  "postgres-failover": kind({
    group: "postgres",
    fits: ({ postgres }) => postgres === "pair",
    parameters: () => fc.record({}),
    target: () => "postgres",
    async inject(world) {
      world.noteFailover();
      await world.postgres.failOver();
      return true;
    },
  }),
  "postgres-ends-sessions": kind({
    group: "postgres",
    parameters: () => fc.record({ ms: longMs }),
    target: () => "postgres",
    async inject(world, { ms }, signal) {
      const until = performance.now() + ms;
      while (performance.now() < until && !signal.aborted) {
        await world.postgres.endSessions(2).catch(() => {});
        await pause(150, signal);
      }
      return true;
    },
  }),
  "postgres-read-only": kind({
    group: "postgres",
    parameters: () => fc.record({ ms: longMs }),
    target: () => "postgres",
    inject: (world, { ms }, signal) =>
      disabling(world, "all", async () => {
        await world.postgres.setReadOnly(true);
        await pause(ms, signal);
        await world.postgres.setReadOnly(false);
      }),
  }),
  sqlstate: kind({
    group: "postgres",
    parameters: (topology) => fc.record({ process: processOf(topology), sqlState: sqlStates, ms: shortMs }),
    target: ({ process }) => `${process} postgres`,
    async inject(world, { process, sqlState, ms }, signal) {
      const end = world.process(process).links.postgres.answer({ sqlState });
      await pause(ms, signal);
      end();
      return true;
    },
  }),
  "drop-after-commit": kind({
    group: "postgres",
    parameters: (topology) =>
      fc.record({ process: processOf(topology), times: fc.integer({ min: 1, max: 10 }), ms: longMs }),
    target: ({ process }) => `${process} postgres`,
    async inject(world, { process, times, ms }, signal) {
      const end = world.process(process).links.postgres.dropAfterCommit({ times, statement: writing });
      await pause(ms, signal);
      end();
      return true;
    },
  }),

  "redis-crash": kind({
    group: "redis",
    // A pair keeps nothing on disk: its replica is what it has.
    fits: ({ redis }) => redis === "alone",
    parameters: () =>
      fc.record({
        downMs: longMs,
        cutBytes: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 50_000 })),
      }),
    target: () => "redis",
    inject: (world, { downMs, cutBytes }, signal) =>
      disabling(world, "all", () => world.redis.crash(cutBytes, () => pause(downMs, signal))),
  }),
  "redis-wipe": kind({
    group: "redis",
    parameters: () => fc.record({}),
    target: () => "redis",
    async inject(world) {
      await world.redis.wipe();
      return true;
    },
  }),
  "redis-freeze": kind({
    group: "redis",
    parameters: () => fc.record({ ms: longMs }),
    target: () => "redis",
    inject: (world, { ms }, signal) =>
      disabling(world, "all", () => world.redis.freeze(() => pause(ms, signal))),
  }),
  "redis-full": kind({
    group: "redis",
    parameters: () => fc.record({ ms: longMs }),
    target: () => "redis",
    inject: (world, { ms }, signal) =>
      disabling(world, "all", async () => {
        await world.redis.setFull(true);
        await pause(ms, signal);
        await world.redis.setFull(false);
      }),
  }),
  "redis-failover": kind({
    group: "redis",
    fits: ({ redis }) => redis === "pair",
    parameters: () => fc.record({}),
    target: () => "redis",
    async inject(world) {
      world.noteFailover();
      await world.redis.failOver();
      return true;
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
    async inject(world, { process, to, mode, ms }, signal) {
      const link = world.process(process).links[to];
      const certainAgain = to === "gemini" ? world.mayLose() : () => {};
      if (mode === "delay") link.delay(delayMs);
      else link[mode]();
      const lasting = async () => {
        if (mode === "swallow") await pause(swallowedMs, signal);
        else if (mode !== "cut") await pause(ms, signal);
      };
      // A slow service, or a provider that is away, is one that can be worked with.
      if (mode === "delay" || to === "gemini") await lasting();
      else await disabling(world, process, lasting);
      if (mode !== "cut" && mode !== "swallow") link.pass();
      link.delay(0);
      certainAgain();
      return true;
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
      return true;
    },
  }),
};

/** Does it to a process that runs. */
async function ifRunning(
  world: FaultyWorld,
  name: string,
  inject: (one: SupervisedProcess) => Promise<true>,
): Promise<boolean> {
  const one = world.process(name);
  return one.isRunning() && (await inject(one));
}

/** Ends a process, and starts it again after a while. */
async function down(
  world: FaultyWorld,
  name: string,
  end: () => Promise<void>,
  downMs: number,
  signal: AbortSignal,
): Promise<true> {
  const certainAgain = world.mayLose();
  await disabling(world, name, async () => {
    await end();
    await pause(downMs, signal);
    await world.process(name).start();
  });
  certainAgain();
  return true;
}

/** Lets a process that is stopped go on after a while. */
async function frozen(world: FaultyWorld, name: string, ms: number, signal: AbortSignal): Promise<true> {
  const certainAgain = world.mayLose();
  await disabling(world, name, async () => {
    await pause(ms, signal);
    await world.process(name).thaw();
  });
  certainAgain();
  return true;
}

/** Statements whose commit is worth something; not what only looks. */
const writing = /\b(INSERT|UPDATE|DELETE|COMMIT)\b/i;

/** Within so long connections that are black holes are found out and made anew. */
const swallowedMs = 20_000;

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
