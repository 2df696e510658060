import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import { expectedCalls } from "@understudy/agents";
import { withChildren } from "@understudy/local-services";
import { Dispatcher } from "@understudy/queues";
import { assertInvariants, eventually, freeze, startLink, throughLink } from "@understudy/testkit";
import { ends, openCalls, rest, stack, start, startOwnPostgres, submitMany, withRedis } from "./fault-run.ts";

describe("a worker told to stop while Postgres is away", () => {
  it.each(["down", "frozen"])(
    "(%s) ends with 0, and leaves what it had to BullMQ and to its lease's end",
    async (how) => {
      const postgres = await startOwnPostgres();
      const link = await startLink();
      const environment = { WORKER_STOP_SECONDS: "2", WORKER_ATTEMPT_SECONDS: "20", WORKER_CONCURRENCY: "3" };
      try {
        await start({
          postgresUrl: postgres.url,
          environment: ({ databaseUrl }) => ({
            ...environment,
            DATABASE_URL: throughLink(link, databaseUrl),
          }),
        });
        await stack.rule({ match: {}, respond: { delayMs: 30_000 }, times: 3 });
        const ids = await submitMany(3);
        await eventually(async () => expect(await openCalls()).toBe(3));
        // In its hands, and without a slot.
        for (const prompt of ["one", "two"])
          ids.push(await stack.submit("test", { creatorId: "psy", input: { prompt } }));
        await eventually(async () => expect(await testDeliveries()).toEqual({ active: 2, prioritized: 0 }));

        if (how === "down") link.refuse();
        const goOn = how === "down" ? link.pass : freeze(withChildren(postgres.pid()));
        const code = await stack.workers[0]?.stop();
        const deliveries = await testDeliveries();
        goOn();
        expect({ code, ...deliveries }).toEqual({ code: 0, active: 0, prioritized: 2 });
        await stack.addWorker();
        await rest();
        expect(await ends()).toEqual({ completed: 5 });
        await assertInvariants(stack, ids, 3);
      } finally {
        await link.close();
      }
    },
  );

  it("writes down what was paid, where Postgres is back before it leaves", async () => {
    const postgres = await startOwnPostgres();
    const stopSoon = { WORKER_STOP_SECONDS: "2", WORKER_ATTEMPT_SECONDS: "60" };
    await start({ postgresUrl: postgres.url, environment: stopSoon });
    await stack.rule({ match: {}, respond: { delayMs: 1_500 }, times: 3 });
    const ids = await submitMany(3);
    await eventually(async () => expect(await openCalls()).toBe(3));
    const goOn = freeze(withChildren(postgres.pid()));
    const stopped = stack.workers[0]?.stop();
    // Past the time in which attempts may go on.
    await sleep(3_500);
    goOn();
    expect(await stopped).toBe(0);
    expect(await stack.database.prisma.usageLog.count({ where: { status: "settled" } })).toBe(3);
    await stack.addWorker();
    await rest();
    expect(await ends()).toEqual({ completed: 3 });
    await assertInvariants(stack, ids, 0);
  });
});

/** Of the agent `test`, as BullMQ has them. */
const testDeliveries = () =>
  withRedis((redis) =>
    new Dispatcher(redis, expectedCalls).queue("test").getJobCounts("active", "prioritized"),
  );
