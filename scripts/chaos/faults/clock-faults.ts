import fc from "fast-check";
import { kind, longMs, pause, processOf } from "./fault-kind.ts";

export const clockFaults = {
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
