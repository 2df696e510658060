import fc from "fast-check";
import { disabling, kind, longMs, pause, processOf, workerOf } from "./fault-kind.ts";

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

/** Within so long connections that are black holes are found out and made anew. */
const swallowedMs = 20_000;

/** On a link that is slow, each way. */
const delayMs = 400;

export const networkFaults = {
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
};
