import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Job, JobStatus, RetryAnswer, WebhookEndpointSecret } from "@understudy/contracts";
import { connectRedis } from "@understudy/queues";
import { assertInvariants, eventually, readBill, type Stack, startStack } from "@understudy/testkit";
import { openReader } from "./job-reader.ts";
import { callsOfJob, jobThatEnds } from "./job-run.ts";
import { startReceiver, type WebhookReceiver } from "./webhook-receiver.ts";

/** Jobs that an app ends before their time, or has tried again after they failed. */

let stack: Stack;
let receiver: WebhookReceiver;
const accepted: string[] = [];
/** Calls that were aborted: nobody knows what they cost. */
let abortedCalls = 0;

beforeAll(async () => {
  stack = await startStack({
    workers: 2,
    environment: { WORKER_ATTEMPT_SECONDS: "10", WEBHOOK_RETRY_SCHEDULE: `200ms${",300ms".repeat(49)}` },
  });
  await bucket("psy", 1_000_000, 1_000);
  receiver = await startReceiver();
  const events = ["job.completed", "job.failed", "job.blocked", "job.cancelled"];
  const made = await stack.request("POST", "/api/ai/webhooks", { url: receiver.url, events });
  receiver.secret = ((await made.json()) as WebhookEndpointSecret).secret;
});

afterAll(async () => {
  await stack.stop();
  await receiver.close();
});

const bucket = (creatorId: string, ratePerHour: number, burst: number) =>
  stack.request("PUT", `/api/ai/creators/${creatorId}`, { plan: "business", bucket: { ratePerHour, burst } });

async function submit(agent: string, input: object, options = {}, creatorId = "psy"): Promise<string> {
  const id = await stack.submit(agent, { creatorId, input, options });
  accepted.push(id);
  return id;
}

const ended = (id: string, status: JobStatus) => jobThatEnds(stack, id, status, 60_000);
const cancel = (id: string) => stack.request("DELETE", `/api/ai/jobs/${id}`);
const retry = (id: string) => stack.request("POST", `/api/ai/jobs/${id}/retry`);

async function codeOf(response: Response): Promise<[number, string]> {
  return [response.status, ((await response.json()) as { code: string }).code];
}

/** A job whose call does not end by itself. */
async function hanging(marker: string): Promise<string> {
  await stack.rule({ match: { contains: marker }, respond: { hang: true }, times: 1 });
  const id = await submit("test", { prompt: marker });
  await eventually(async () => expect((await callsOfJob(stack, id))[0]?.status).toBe("started"));
  const [call] = await callsOfJob(stack, id);
  await eventually(async () =>
    expect((await readBill(stack.emulatorUrl)).some(({ callId }) => callId === call?.id)).toBe(true),
  );
  abortedCalls++;
  return id;
}

async function isAborted(id: string): Promise<void> {
  await eventually(async () => {
    const [call] = await callsOfJob(stack, id);
    const entry = (await readBill(stack.emulatorUrl)).find(({ callId }) => callId === call?.id);
    expect(entry).toMatchObject({ aborted: true });
  });
}

const told = (id: string) =>
  receiver.received
    .filter(({ event }) => "id" in event.data && event.data.id === id)
    .map(({ event }) => event);

describe("a job that is cancelled", () => {
  it("while it runs: its call is aborted at once, what that cost is bounded, and the app is told", async () => {
    const id = await hanging("cancel-running");
    const answer = await cancel(id);
    expect([answer.status, ((await answer.json()) as Job).status]).toEqual([200, "cancelled"]);
    await isAborted(id);
    await eventually(async () => {
      const [call, ...others] = await callsOfJob(stack, id);
      expect(others).toEqual([]);
      expect(call).toMatchObject({ status: "unknown", errorCode: "cancelled" });
    });
    await eventually(() => expect(told(id)).toMatchObject([{ type: "job.cancelled" }]));
    expect(told(id)).toMatchObject([{ data: { status: "cancelled", finishedAt: expect.any(String) } }]);
    const again = await cancel(id);
    expect([again.status, ((await again.json()) as Job).status]).toEqual([200, "cancelled"]);
    expect(await stack.database.prisma.outbox.count({ where: { jobId: id } })).toBe(1);
    // Intended, so nobody is alarmed.
    expect(await stack.database.prisma.alert.count({ where: { type: "unknown_calls" } })).toBe(0);
    expect(await codeOf(await retry(id))).toEqual([409, "job_not_failed"]);
  });

  it("in the middle of a stream: what is known of its usage is kept, and what was shown is taken back", async () => {
    const text = JSON.stringify({
      response: "Once upon a time there was a long story that nobody heard to its end.",
      confidence: 0.9,
      compliance: { allowed: true, categories: [], severity: "none", reasons: [] },
    });
    await stack.rule({
      match: { contains: "cancel-stream" },
      respond: { text, chunkDelayMs: 2_000 },
      times: 1,
    });
    const id = await submit("messaging", { fanId: "f", message: "cancel-stream", history: [] });
    const reader = openReader(stack.redis.url);
    reader.read(id);
    const shown = () => reader.entriesOf(id);
    await eventually(async () => expect((await shown()).some(({ text }) => text !== "")).toBe(true));
    abortedCalls++;
    expect((await cancel(id)).status).toBe(200);
    await isAborted(id);
    await eventually(async () =>
      expect(await callsOfJob(stack, id)).toMatchObject([
        { status: "unknown", inputTokens: expect.any(Number), usageMetadata: expect.anything() },
      ]),
    );
    const [call] = await callsOfJob(stack, id);
    expect(call?.inputTokens).toBeGreaterThan(0);
    await eventually(async () => expect((await shown()).every(({ kind }) => kind === "retract")).toBe(true));
    reader.close();
  });

  it("while Redis hangs: its worker finds out from Postgres", async () => {
    const id = await hanging("cancel-without-redis");
    process.kill(stack.redis.pid(), "SIGSTOP");
    try {
      expect((await cancel(id)).status).toBe(200);
      await isAborted(id);
    } finally {
      process.kill(stack.redis.pid(), "SIGCONT");
    }
    await eventually(async () => expect(await callsOfJob(stack, id)).toMatchObject([{ status: "unknown" }]));
  });

  it("whose worker is killed before it hears of it: stays cancelled, and is run by nobody", async () => {
    const id = await hanging("cancel-killed");
    for (const worker of stack.workers) worker.signal("SIGSTOP");
    expect((await cancel(id)).status).toBe(200);
    for (const worker of stack.workers.splice(0)) await worker.kill();
    await stack.addWorker();
    await stack.addWorker();
    await eventually(() => expect(told(id)).toMatchObject([{ type: "job.cancelled" }]));
    expect(await stack.job(id)).toMatchObject({ status: "cancelled", usage: { calls: 1 } });
  });

  it("after it has ended: refused, and nothing is changed", async () => {
    const id = await submit("test", { prompt: "cancel-too-late" });
    const before = await ended(id, "completed");
    expect(await codeOf(await cancel(id))).toEqual([409, "job_not_cancellable"]);
    expect(await stack.job(id)).toEqual(before);
    expect(await codeOf(await cancel("job_0"))).toEqual([404, "job_not_found"]);
  });
});

describe("a job that failed, and is retried", () => {
  it("goes on where it was: nothing is paid twice, and each end is told as it was", async () => {
    await stack.rule({
      match: { contains: "retry-chat", method: "streamGenerateContent" },
      respond: { status: 400 },
      times: 1,
    });
    // The receiver is down meanwhile, so that the first end is told after the second.
    receiver.answer = (_request, response) => response.writeHead(503).end();
    const id = await submit("chat", { fanId: "f", message: "retry-chat, how are you?", history: [] });
    const failed = await ended(id, "failed");
    expect(failed).toMatchObject({ error: { code: "provider_refused" }, usage: { calls: 2 } });

    const answer = await retry(id);
    expect([answer.status, ((await answer.json()) as Job).retries]).toEqual([202, 1]);
    const done = await ended(id, "completed");
    expect(done).toMatchObject({ retries: 1, usage: { calls: 4 } });
    expect(done).not.toHaveProperty("error");
    const settled = (await callsOfJob(stack, id)).filter(({ status }) => status === "settled");
    expect(new Set(settled.map(({ stepKey }) => stepKey)).size).toBe(settled.length);

    receiver.answer = (_request, response) => response.writeHead(204).end();
    await eventually(() => expect(told(id)).toHaveLength(2));
    const events = Object.fromEntries(told(id).map((event) => [event.type, event.data]));
    expect(events).toMatchObject({
      "job.failed": { status: "failed", error: failed.error, finishedAt: failed.finishedAt },
      "job.completed": { status: "completed", result: done.result },
    });
    expect(events["job.failed"]).not.toHaveProperty("result");
    expect(new Set(receiver.received.map((request) => request.id)).size).toBe(receiver.received.length);
    expect(await codeOf(await retry(id))).toEqual([409, "job_not_failed"]);
  });

  it("asks anew for an answer that could not be used", async () => {
    await stack.rule({
      match: { contains: "retry-invalid", method: "streamGenerateContent" },
      respond: { text: "no JSON" },
      times: 2,
    });
    // The job runs yet when the second of its retries is read.
    await stack.rule({ match: { contains: "retry-invalid" }, respond: { delayMs: 3_000 } });
    const id = await submit("messaging", { fanId: "f", message: "retry-invalid", history: [] });
    expect(await ended(id, "failed")).toMatchObject({
      error: { code: "output_invalid" },
      usage: { calls: 2 },
    });
    // Twice at once: one retry.
    const answers = await Promise.all([retry(id), retry(id)]);
    expect(answers.map(({ status }) => status)).toEqual([202, 202]);
    expect(await ended(id, "completed")).toMatchObject({ retries: 1, usage: { calls: 3 } });
  });

  it("takes a token, and waits for it in its creator's lane, also over a wiped Redis", async () => {
    await bucket("slow", 0.5, 1);
    await stack.rule({ match: { contains: "retry-token" }, respond: { status: 400 }, times: 1 });
    const id = await submit("test", { prompt: "retry-token" }, {}, "slow");
    await ended(id, "failed");
    expect(await (await retry(id)).json()).toMatchObject({ status: "queued", waitingFor: "token" });
    const redis = connectRedis(stack.redis.url, "consumer");
    await redis.flushall();
    redis.disconnect();
    // The sweep has put it back when it can be seen in its lane again.
    await eventually(async () =>
      expect(await stack.job(id)).toMatchObject({ waitingFor: "token", admission: { position: 0 } }),
    );
    expect((await callsOfJob(stack, id)).length).toBe(1);
    await bucket("slow", 1_000_000, 1_000);
    await ended(id, "completed");
  });

  it("runs though its expiresAt has passed, and can be cancelled while it waits", async () => {
    const expiresAt = new Date(Date.now() - 1_000).toISOString();
    const id = await submit("test", { prompt: "retry-expired" }, { expiresAt });
    expect(await ended(id, "failed")).toMatchObject({ error: { code: "expired" } });
    await stack.request("POST", "/api/ai/creators/psy/pause");
    await retry(id);
    expect((await cancel(id)).status).toBe(200);
    const other = await submit("test", { prompt: "retry-expired, too" }, { expiresAt });
    await ended(other, "failed");
    await retry(other);
    await stack.request("POST", "/api/ai/creators/psy/resume");
    await ended(other, "completed");
    // Webhooks of one job may come in any order: it failed and was cancelled within the same moment.
    await eventually(() =>
      expect(
        told(id)
          .map(({ type }) => type)
          .sort(),
      ).toEqual(["job.cancelled", "job.failed"]),
    );
  });
});

describe("many that failed", () => {
  const retryMany = async (body: object) => {
    const response = await stack.request("POST", "/api/ai/jobs/retry", body);
    expect(response.status).toBe(202);
    return (await response.json()) as RetryAnswer;
  };

  it("are retried by agent, creator, code and time, each once", async () => {
    await bucket("many", 1_000_000, 1_000);
    const rule = (times: number) =>
      stack.rule({ match: { contains: "retry-many" }, respond: { status: 400 }, times });
    await rule(8);
    const since = new Date().toISOString();
    const ids = await Promise.all(
      Array.from({ length: 8 }, (_, n) => submit("test", { prompt: `retry-many ${n}` }, {}, "many")),
    );
    for (const id of ids) await ended(id, "failed");
    expect(await retryMany({ creatorId: "many", code: "output_invalid" })).toMatchObject({ retried: 0 });
    expect(await retryMany({ creatorId: "many", agent: "chat" })).toMatchObject({ retried: 0 });
    expect(await retryMany({ creatorId: "many", until: since })).toMatchObject({ retried: 0, until: since });
    const which = { creatorId: "many", agent: "test", code: "provider_refused", since };
    const answers = await Promise.all([retryMany(which), retryMany(which)]);
    expect(answers.reduce((sum, { retried }) => sum + retried, 0)).toBe(8);
    for (const id of ids) expect(await ended(id, "completed")).toMatchObject({ retries: 1 });
    expect(await retryMany(which)).toMatchObject({ retried: 0 });
  });

  it("are refused with a field that there is not", async () => {
    expect((await stack.request("POST", "/api/ai/jobs/retry", { status: "failed" })).status).toBe(400);
  });
});

it("the invariants hold at the end", async () => {
  await eventually(
    async () => expect(await stack.database.prisma.usageLog.count({ where: { status: "started" } })).toBe(0),
    60_000,
  );
  expect(receiver.faults).toEqual([]);
  await assertInvariants(stack, accepted, abortedCalls);
});
