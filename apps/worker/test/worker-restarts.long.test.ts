import { describe, expect, it } from "@jest/globals";
import { assertInvariants, eventually } from "@understudy/testkit";
import { countBy, ends, rest, stack, start, submitMany } from "./fault-run.ts";

describe("workers stopped one after the other under load", () => {
  it("again and again, with another beside it: no stall, nothing lost or paid twice, nobody's crash", async () => {
    await start({
      workers: 2,
      environment: { WORKER_STOP_SECONDS: "8", WORKER_ATTEMPT_SECONDS: "20", WORKER_CONCURRENCY: "10" },
    });
    // The first that matches counts: this one outlasts the drain of the worker that has it.
    await stack.rule({ match: { contains: "number 1," }, respond: { delayMs: 30_000 }, times: 1 });
    await stack.rule({ match: {}, respond: { delayMs: 200 } });
    const ended = { status: "completed" };
    const ids: string[] = [];
    let isOver = false;
    const load = (async () => {
      while (!isOver) {
        ids.push(...(await submitMany(10)));
        // More than the workers take at once.
        await eventually(async () => expect(ids.length - (await countBy(ended))).toBeLessThan(30), 60_000);
      }
    })();
    load.catch(() => {});
    try {
      for (let round = 0; round < 3; round++) {
        const before = await countBy(ended);
        await eventually(async () => expect(await countBy(ended)).toBeGreaterThan(before + 15));
        // The oldest that runs.
        const stopped = stack.workers[round]?.stop();
        await stack.addWorker();
        expect(await stopped).toBe(0);
      }
    } finally {
      isOver = true;
      await load;
    }
    await rest();
    expect(await ends()).toEqual({ completed: ids.length });
    expect(await stack.database.prisma.job.aggregate({ _sum: { crashes: true } })).toEqual({
      _sum: { crashes: 0 },
    });
    await assertInvariants(stack, ids, 1);
  });
});
