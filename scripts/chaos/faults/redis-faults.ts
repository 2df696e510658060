import fc from "fast-check";
import { disabling, kind, longMs, pause } from "./fault-kind.ts";

export const redisFaults = {
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
};
