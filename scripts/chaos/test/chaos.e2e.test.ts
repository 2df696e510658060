import { describe, expect, it } from "@jest/globals";
import { interruptChaos, runChaos, verdictOf } from "./chaos-command.ts";

/** A minute each, and what the last jobs take. */
const patienceMs = 300_000;

describe("npm run chaos", () => {
  it.each([1, 2, 4])(
    "finds no violation under seed %i",
    async (seed) => {
      const { code, output } = await runChaos("--seed", String(seed), "--minutes", "1");
      if (code !== 0) throw new Error(output);
      expect(output.trim().split("\n").at(-1)).toMatch(verdictOf(seed));
    },
    patienceMs,
  );

  it("stops all that it has started at Ctrl-C", async () => {
    const { code, output } = await interruptChaos(/ s {2}\+ /, "--seed", "5", "--minutes", "5");
    expect({ code, lines: output.trim().split("\n").slice(-1) }).toEqual({
      code: 130,
      lines: ["stopping what was started; again to end at once"],
    });
  });
});
