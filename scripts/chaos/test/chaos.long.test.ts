import { describe, expect, it } from "@jest/globals";
import { runChaos, verdictOf } from "./chaos-command.ts";

const seeds = Array.from({ length: 30 }, (_, index) => 11 + index);
const patienceMs = 600_000;

describe("npm run chaos", () => {
  it.each(seeds)(
    "finds no violation in two minutes under seed %i",
    async (seed) => {
      const { code, output } = await runChaos("--seed", String(seed), "--minutes", "2");
      if (code !== 0) throw new Error(output);
      const verdict = output.trim().split("\n").at(-1) ?? "";
      expect(verdict).toMatch(verdictOf(seed));
      process.stderr.write(`${verdict}\n`);
    },
    patienceMs,
  );
});
