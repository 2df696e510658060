import { describe, expect, it } from "@jest/globals";
import { eventually } from "@understudy/testkit";
import {
  assertRun,
  countBy,
  countCalls,
  creatorId,
  ends,
  rest,
  shareStack,
  stack,
  startWorkers,
  withRedis,
} from "./fault-run.ts";
import { hourly, hourMs, putBucket, submit, sweptMsMax, tokensTaken, turn } from "./lane-run.ts";

shareStack();

/** No worker dies: an attempt may take as long as a busy machine needs for it. */
async function startPatient(bucket: object, settings: Record<string, string> = {}): Promise<void> {
  await startWorkers(1, { WORKER_ATTEMPT_SECONDS: "60", ...settings });
  await putBucket(bucket);
}

describe("a token", () => {
  it("is taken once for a job, however often Gemini refuses it", async () => {
    await startPatient(hourly(5));
    await stack.rule({ match: { contains: "number 0" }, respond: { status: 503 }, times: 2 });
    await stack.rule({
      match: { contains: "number 1" },
      respond: { status: 429, retryDelay: "1s" },
      times: 2,
    });
    const ids = await submit(3);
    await rest();
    expect(await ends()).toEqual({ completed: 3 });
    expect(await countCalls({})).toBe(7);
    expect(Math.round(await tokensTaken(hourMs))).toBe(3);
    await assertRun(ids);
  });

  it("is what a job beyond the bucket waits for, as it says, and comes as soon as the creator's bucket or plan grows, and no sooner once it shrinks", async () => {
    await startPatient(hourly(1));
    const ids = await submit(8);
    await eventually(async () => expect(await countBy({ status: "completed" })).toBe(1));
    const [, second = "", third = ""] = ids;
    const now = Date.now();
    expect(await stack.job(second)).toMatchObject({ waitingFor: "token", admission: { position: 0 } });
    const job = await stack.job(third);
    expect(job).toMatchObject({ status: "queued", waitingFor: "token", admission: { position: 1 } });
    const inMs = Date.parse(job.admission?.estimatedStartAt ?? "") - now;
    expect(Math.abs(inMs - 2 * hourMs)).toBeLessThan(30_000);
    await putBucket(hourly(4));
    await eventually(async () => expect(await countBy({ status: "completed" })).toBe(4));
    await putBucket(hourly(1));
    await putBucket(hourly(4));
    expect(Math.round(await tokensTaken(hourMs))).toBe(4);
    expect(await withRedis((redis) => redis.zcard(`{lanes}:lane:${creatorId}`))).toBe(4);
    // Back to what the plan says, which then changes under it.
    const plan = { priceUsd: "0", quotaUsd: null, weight: 1, usage: "included" };
    const putPlan = async (bucket: object) => {
      const response = await stack.request("PUT", "/api/ai/admin/plans/business", { ...plan, bucket });
      expect(response.status).toBe(200);
    };
    await putPlan(hourly(5));
    const own = await stack.request("PUT", `/api/ai/creators/${creatorId}`, { bucket: null });
    expect(own.status).toBe(200);
    await eventually(async () => expect(await countBy({ status: "completed" })).toBe(5), sweptMsMax);
    await putPlan({ ratePerHour: 36_000, burst: 5 });
    await eventually(async () => expect(await countBy({ status: "completed" })).toBe(8), sweptMsMax);
    await assertRun(ids);
  });
});

describe("a lane", () => {
  it("goes by priority, then by arrival, and lets go of what has expired without a token", async () => {
    await startPatient(hourly(6), { WORKER_CONCURRENCY: "1" });
    await turn("pause");
    const last = await submit(2, { priority: 300 });
    const first = await submit(2, { priority: 2 });
    const expiring = await submit(2, { expiresAt: new Date(Date.now() + 1_500).toISOString() });
    expect(await stack.job(first[0] ?? "")).toMatchObject({ waitingFor: "paused" });
    await eventually(async () => expect(await countBy({ errorCode: "expired" })).toBe(2));
    await eventually(async () =>
      expect(await withRedis((redis) => redis.zcard(`{lanes}:lane:${creatorId}`))).toBe(4),
    );
    await turn("resume");
    await rest();
    expect(await ends()).toEqual({ completed: 4, expired: 2 });
    const rows = await stack.database.prisma.job.findMany({
      where: { creatorId, status: "completed" },
      orderBy: { startedAt: "asc" },
    });
    expect(rows.map((row) => row.id)).toEqual([...first, ...last]);
    expect(Math.round(await tokensTaken(hourMs))).toBe(4);
    await assertRun([...last, ...first, ...expiring]);
  });

  it("lets go of what must not start before a time as soon as it has come, and takes its token then", async () => {
    await startPatient(hourly(2));
    const notBefore = Date.now() + 4_000;
    const [timed = ""] = await submit(1, { notBefore: new Date(notBefore).toISOString(), priority: 1 });
    expect(await stack.job(timed)).toMatchObject({ status: "queued", waitingFor: "time" });
    const others = await submit(1);
    await rest();
    const rows = await stack.database.prisma.job.findMany({
      where: { creatorId },
      orderBy: { startedAt: "asc" },
    });
    expect(rows.map((row) => row.id)).toEqual([...others, timed]);
    // Postgres keeps times to the ms.
    expect(Number(rows.at(-1)?.startedAt)).toBeGreaterThanOrEqual(notBefore - 1);
    expect(Math.round(await tokensTaken(hourMs))).toBe(2);
    await assertRun([timed, ...others]);
  });

  it("lets go of what is cancelled, without a token", async () => {
    await startPatient(hourly(1));
    const ids = await submit(3);
    await eventually(async () => expect(await countBy({ status: "completed" })).toBe(1));
    for (const id of ids.slice(1)) {
      const response = await stack.request("DELETE", `/api/ai/jobs/${id}`);
      expect(response.status).toBe(200);
    }
    expect(Math.round(await tokensTaken(hourMs))).toBe(1);
    await assertRun(ids);
    expect(await ends()).toEqual({ completed: 1, cancelled: 2 });
  });

  // The last: what waits yet goes with its stack.
  it("lets a live message go before a batch of 300 that waits", async () => {
    await startPatient(hourly(1));
    const input = { fanId: "f", message: "Hello from last year" };
    const jobs = Array.from({ length: 300 }, () => ({ agent: "messaging", creatorId, input }));
    expect((await stack.request("POST", "/api/ai/jobs/batch", { jobs })).status).toBe(202);
    await eventually(async () => expect(await countBy({ status: "completed" })).toBe(1));
    const [live = ""] = await submit(1);
    expect(await stack.job(live)).toMatchObject({ waitingFor: "token", admission: { position: 0 } });
    await putBucket(hourly(2));
    await eventually(async () => expect(await countBy({ status: "completed" })).toBe(2));
    expect(await stack.job(live)).toMatchObject({ status: "completed" });
  });
});
