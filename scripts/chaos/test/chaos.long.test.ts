import { describe, expect, it } from "@jest/globals";
import { runChaos, unharmed, verdictOf } from "./chaos-command.ts";

const seeds = Array.from({ length: 30 }, (_, index) => 11 + index);
const patienceMs = 700_000;

describe("npm run chaos", () => {
  it.each(seeds)(
    "finds no violation in two minutes under seed %i",
    async (seed) => {
      const ending = await runChaos(`--seed ${seed} --minutes 2`);
      if (ending.code !== 0) throw new Error(ending.output);
      expect(verdictOf(ending)).toMatch(unharmed(seed));
      process.stderr.write(`${verdictOf(ending)}\n`);
    },
    patienceMs,
  );
});
