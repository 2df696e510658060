import { afterEach, describe, expect, it } from "@jest/globals";
import { assertInvariants, eventually, type Link, startLink, throughLink } from "@understudy/testkit";
import { countBy, ends, openCalls, rest, stack, start, submitMany } from "./fault-run.ts";

/** Between one worker and Postgres. */
let link: Link;

afterEach(async () => {
  await link.close();
});

/** The only worker of a stack, which reaches Postgres through the link; all others go straight. */
async function startBehindLink(environment: Record<string, string> = {}): Promise<void> {
  link = await startLink();
  await start({ workers: 0, environment: { WORKER_ATTEMPT_SECONDS: "25", ...environment } });
  await stack.addWorker({ DATABASE_URL: throughLink(link, stack.databaseUrl) });
}

describe("a worker cut off from Postgres", () => {
  it("is taken for dead; what it has when it is heard again is rejected, and its cost recorded", async () => {
    await startBehindLink();
    await stack.rule({ match: {}, respond: { delayMs: 2_500 }, times: 5 });
    const ids = await submitMany(5);
    await eventually(async () => expect(await openCalls()).toBe(5));
    link.hold();
    await stack.addWorker();
    await eventually(async () => expect(await countBy({ status: "completed", attempt: 2 })).toBe(5), 60_000);
    // Heard again, it tells of answers that it had all the while.
    link.pass();
    await rest();
    expect(await stack.database.prisma.usageLog.count({ where: { status: "settled" } })).toBe(10);
    expect(await ends()).toEqual({ completed: 5 });
    await assertInvariants(stack, ids);
    // It is well again.
    const others = await submitMany(10);
    await rest();
    await assertInvariants(stack, [...ids, ...others]);
  });

  it("by connections that are black holes: it makes them anew, and loses no paid answer", async () => {
    await startBehindLink();
    await stack.rule({ match: {}, respond: { delayMs: 2_500 }, times: 5 });
    const ids = await submitMany(5);
    await eventually(async () => expect(await openCalls()).toBe(5));
    link.swallow();
    ids.push(...(await submitMany(5)));
    await rest();
    expect(await ends()).toEqual({ completed: 10 });
    const calls = await stack.database.prisma.usageLog.groupBy({ by: ["status"], _count: true });
    expect(calls.filter(({ status }) => status !== "settled" && status !== "released")).toEqual([]);
    await assertInvariants(stack, ids, 5);
  });

  it("by a slow network: nothing is taken over, and all end", async () => {
    await startBehindLink();
    link.delay(150);
    const ids = await submitMany(20);
    await rest();
    expect(await ends()).toEqual({ completed: 20 });
    expect(await countBy({ attempt: { gt: 1 } })).toBe(0);
    await assertInvariants(stack, ids);
  });
});
