import { describe, expect, it } from "@jest/globals";
import { assertInvariants, eventually } from "@understudy/testkit";
import { countBy, ends, rest, stack, start, submitMany } from "./fault-run.ts";

const jobCount = 100;

/** Lets a process run for a fifth of the time alone, as on a machine that has far too much to do. */
function starve(signal: (name: NodeJS.Signals) => void): () => void {
  const stopped = { ms: 800, runs: 200 };
  let next: NodeJS.Timeout;
  const pause = () => {
    signal("SIGSTOP");
    next = setTimeout(() => {
      signal("SIGCONT");
      next = setTimeout(pause, stopped.runs);
    }, stopped.ms);
  };
  pause();
  return () => {
    clearTimeout(next);
    signal("SIGCONT");
  };
}

describe("a worker that hardly gets a turn", () => {
  it("keeps its jobs: with no fault nothing runs twice, beside a worker that would take them", async () => {
    await start({ workers: 1, environment: { WORKER_ATTEMPT_SECONDS: "60" } });
    // Calls are under way for longer than the lease of a dead worker lasts.
    await stack.rule({ match: {}, respond: { delayMs: 10_000 }, times: jobCount });
    const ids = await submitMany(jobCount);
    await eventually(async () => expect(await countBy({ status: "running" })).toBeGreaterThan(20));
    const feed = starve((name) => stack.workers[0]?.signal(name));
    try {
      await stack.addWorker();
      await rest();
    } finally {
      feed();
    }
    expect(await ends()).toEqual({ completed: jobCount });
    expect(await countBy({ attempt: 1, crashes: 0 })).toBe(jobCount);
    expect(await stack.database.prisma.usageLog.count()).toBe(jobCount);
    await assertInvariants(stack, ids);
  });
});
