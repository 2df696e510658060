import { describe, expect, it } from "@jest/globals";
import { runChaos, unharmed, verdictOf } from "./chaos-command.ts";

/** A minute each, and what the last jobs take. */
const patienceMs = 300_000;

describe("npm run chaos", () => {
  it(
    "finds no violation",
    async () => {
      const ending = await runChaos("--seed 4 --minutes 1");
      if (ending.code !== 0) throw new Error(ending.output);
      expect(verdictOf(ending)).toMatch(unharmed(4));
    },
    patienceMs,
  );

  it("stops all that it has started at Ctrl-C", async () => {
    const ending = await runChaos("--seed 5 --minutes 5", async (run) => {
      await run.printed(/ s {2}\+ /);
      run.pressCtrlC();
    });
    expect(ending.code).toBe(130);
    expect(verdictOf(ending)).toBe("stopping what was started; again to end at once");
  });

  it("tells a wrong command in a line, with exit code 2", async () => {
    const ending = await runChaos("--seed 5 --replay none");
    expect(ending.code).toBe(2);
    expect(ending.errors).toMatch(/a trace decides --seed itself/);
  });
});
