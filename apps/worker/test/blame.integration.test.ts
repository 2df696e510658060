import { describe, expect, it } from "@jest/globals";
import { childrenOf } from "@understudy/local-services";
import { eventually } from "@understudy/testkit";
import {
  addWorker,
  assertRun,
  countBy,
  countCalls,
  ends,
  rest,
  shareStack,
  stack,
  startWorkers,
  submitMany,
} from "./fault-run.ts";

shareStack();

const runningAs = (attempt: number, count: number) =>
  eventually(async () => expect(await countBy({ status: "running", attempt })).toBe(count));

/** Kills the only worker, and starts another. */
async function killWorker(): Promise<void> {
  await stack.workers.at(-1)?.kill();
  await addWorker();
}

describe("two kills of a worker", () => {
  it("are blamed on none of the jobs that ran there: each runs alone, and ends", async () => {
    await startWorkers(1, { WORKER_ATTEMPT_SECONDS: "25" });
    await stack.rule({ match: {}, respond: { delayMs: 20_000 } });
    const ids = await submitMany(8);
    for (const attempt of [1, 2]) {
      await runningAs(attempt, 8);
      await eventually(async () => expect(await countCalls({ attempt })).toBe(8));
      await killWorker();
    }
    // A process that died at once had asked for nothing yet: alone they are answered quickly, however many were.
    await stack.dropRules();
    // Other work goes on beside the suspects.
    const others = await submitMany(5);
    await eventually(async () => expect(await countBy({ id: { in: others }, status: "completed" })).toBe(5));
    await rest(240_000);
    expect(await ends()).toEqual({ completed: 13 });
    await assertRun([...ids, ...others], 16);
  }, 300_000);
});

describe("a job that kills its process", () => {
  it("is blamed where nothing else ran in that, and a stopped worker is not taken for a dead one", async () => {
    await startWorkers(1, { WORKER_ATTEMPT_SECONDS: "60" });
    await stack.rule({ match: { contains: "number 0," }, respond: { hang: true } });
    const [poison = "", ...others] = await submitMany(4);
    await eventually(async () => expect(await countBy({ status: "completed" })).toBe(3));
    for (const attempt of [1, 2]) {
      await runningAs(attempt, 1);
      await killWorker();
    }
    await runningAs(3, 1);
    const worker = stack.workers.at(-1);
    await eventually(() => expect(childrenOf(worker?.pid ?? 0)).toHaveLength(1));
    // Its process is told to stop, and gives the job back: that is no crash.
    expect(await worker?.stop()).toBe(0);
    expect(await stack.job(poison)).toMatchObject({ status: "queued", attempts: 3 });
    expect(await countBy({ id: poison, crashes: 2 })).toBe(1);

    await addWorker();
    await runningAs(4, 1);
    const [child] = childrenOf(stack.workers.at(-1)?.pid ?? 0);
    if (!child) throw new Error("The suspect runs in no process of its own.");
    process.kill(child.pid, "SIGKILL");
    await eventually(async () =>
      expect(await stack.job(poison)).toMatchObject({ status: "failed", error: { code: "worker_crashed" } }),
    );
    expect(await countBy({ id: { in: others }, status: "completed" })).toBe(3);
  });
});
