import { expect, it } from "@jest/globals";
import { childrenOf } from "@understudy/local-services";
import { assertInvariants, eventually } from "@understudy/testkit";
import { countBy, ends, rest, stack, start, submitMany } from "./fault-run.ts";

it("poison beside running jobs, two kills: it alone is blamed, and nobody else fails", async () => {
  await start({ environment: { WORKER_ATTEMPT_SECONDS: "60" } });
  await stack.rule({ match: {}, respond: { hang: true } });
  const [poison = "", ...others] = await submitMany(10);
  for (const attempt of [1, 2]) {
    await eventually(async () =>
      expect(await stack.database.prisma.usageLog.count({ where: { attempt } })).toBe(10),
    );
    // What kills its process takes all along that run there.
    await stack.workers.at(-1)?.kill();
    await stack.addWorker();
  }
  await stack.dropRules();
  await stack.rule({ match: { contains: "number 0," }, respond: { hang: true } });
  await eventually(
    async () => expect(await countBy({ id: { in: others }, status: "completed" })).toBe(9),
    120_000,
  );
  // By now it alone runs alone.
  const child = await eventually(async () => {
    expect(await countBy({ id: poison, status: "running" })).toBe(1);
    const [only, ...rest] = childrenOf(stack.workers.at(-1)?.pid ?? 0);
    if (!only || rest.length > 0) throw new Error("It does not run alone in one process.");
    return only.pid;
  });
  process.kill(child, "SIGKILL");
  await rest();
  expect(await ends()).toEqual({ completed: 9, worker_crashed: 1 });
  await assertInvariants(stack, [poison, ...others], 21, { poisoned: new Set([poison]) });
}, 300_000);
