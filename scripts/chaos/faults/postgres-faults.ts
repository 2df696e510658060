import fc from "fast-check";
import { disabling, kind, longMs, pause, processOf, shortMs } from "./fault-kind.ts";

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

/** Statements whose commit is worth something; not what only looks. */
const writing = /\b(INSERT|UPDATE|DELETE|COMMIT)\b/i;

export const postgresFaults = {
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
};
