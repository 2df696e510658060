import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { AcceptedJob, CreatorLimits, Job, Problem } from "@understudy/contracts";
import { connectRedis } from "@understudy/queues";
import { eventually, type Stack, startStack } from "@understudy/testkit";
import { problemOf } from "./problem-of.ts";

let stack: Stack;

beforeAll(async () => {
  stack = await startStack({ environment: { LANE_MAX: "3" } });
});

afterAll(() => stack.stop());

const slow = { ratePerHour: 60, burst: 2 };

async function creator(id: string, body: object = { bucket: slow }): Promise<string> {
  await stack.request("PUT", `/api/ai/creators/${id}`, body);
  return id;
}

function post(creatorId: string, options: object = {}): Promise<Response> {
  return stack.request("POST", "/api/ai/test", { creatorId, prompt: "Say hello.", options });
}

const accepted = async (response: Response) => (await response.json()) as AcceptedJob;

async function limits(id: string): Promise<CreatorLimits> {
  return (await (await stack.request("GET", `/api/ai/creators/${id}/limits`)).json()) as CreatorLimits;
}

const dayMs = 86_400_000;
const inDays = (days: number) => new Date(Date.now() + days * dayMs).toISOString();

describe("a job that must not start before a time", () => {
  it("waits in Postgres while that is far ahead: no key of Redis lives longer than 32 days", async () => {
    const redis = connectRedis(stack.redis.url, "producer");
    try {
      await creator("patient");
      const ids: string[] = [];
      for (const notBefore of ["9999-12-31T23:59:59.000Z", inDays(31), inDays(29)]) {
        const job = await accepted(await post("patient", { notBefore }));
        expect(job.admission.estimatedStartAt).toBe(notBefore);
        expect(await stack.job(job.id)).toMatchObject({ status: "queued", waitingFor: "time" });
        ids.push(job.id);
      }
      await eventually(async () => expect(await redis.zcard("{lanes}:timed")).toBe(1));
      for (const key of await redis.keys("*")) expect(await redis.pttl(key)).toBeLessThan(32 * dayMs);
      await eventually(async () => {
        const where = { id: { in: ids }, dispatchedAt: { not: null } };
        expect(await stack.database.prisma.job.findMany({ where })).toMatchObject([{ id: ids[2] }]);
      });
      for (const id of ids) expect((await stack.request("DELETE", `/api/ai/jobs/${id}`)).status).toBe(200);
    } finally {
      redis.disconnect();
    }
  });
});

describe("a job's priority", () => {
  it("is that of its kind unless it is given: what somebody waits for goes first", async () => {
    await creator("hurried", { bucket: { ratePerHour: 1000, burst: 100 } });
    const priorityOf = async ({ id }: { id: string }) => {
      const { priority } = await stack.database.prisma.job.findUniqueOrThrow({ where: { id } });
      return priority;
    };
    const single = async (agent: string, input: object, options: object = {}) => {
      const path = `/api/ai/agents/${agent}/jobs`;
      const response = await stack.request("POST", path, { creatorId: "hurried", input, options });
      return priorityOf(await accepted(response));
    };
    const hello = { prompt: "Say hello." };
    const notBefore = inDays(1);
    expect(await single("compliance", { content: "Hello" })).toBe(50);
    expect(await single("compliance", { content: "Hello" }, { notBefore })).toBe(200);
    expect(await single("test", hello)).toBe(100);
    expect(await single("test", hello, { notBefore })).toBe(200);
    expect(await single("test", hello, { notBefore, priority: 7 })).toBe(7);
    const job = { creatorId: "hurried", agent: "test", input: hello };
    const check = { creatorId: "hurried", agent: "compliance", input: { content: "Hello" } };
    const batch = { jobs: [job, check, { ...job, options: { priority: 7 } }] };
    const response = await stack.request("POST", "/api/ai/jobs/batch", batch);
    const { jobs } = (await response.json()) as { jobs: AcceptedJob[] };
    expect(await Promise.all(jobs.map(priorityOf))).toEqual([200, 200, 7]);
  });
});

describe("a job over its creator's bucket", () => {
  it("is accepted, and tells its place, why it waits and when it may start", async () => {
    await creator("adele");
    for (const _ of [1, 2]) await post("adele");
    const [third, fourth] = [await post("adele"), await post("adele")];
    expect(third.status).toBe(202);
    expect(third.headers.get("ratelimit-policy")).toBe('"bucket";q=2;w=120');
    expect(third.headers.get("ratelimit")).toMatch(/^"bucket";r=0;t=(59|60)$/);
    const job = await accepted(fourth);
    expect(job.admission.position).toBe(1);
    const waitMs = Date.parse(job.admission.estimatedStartAt) - Date.parse(job.createdAt);
    // The token after the next, at one a minute.
    expect(waitMs).toBeGreaterThan(118_000);
    expect(waitMs).toBeLessThan(121_000);
    expect(await stack.job(job.id)).toMatchObject({
      status: "queued",
      waitingFor: "token",
      attempts: 0,
      admission: { position: 1 },
    });
    expect(await limits("adele")).toMatchObject({ ...slow, remaining: 0, waiting: 2, paused: false });
  });

  it("goes on at once when its bucket is widened", async () => {
    await creator("adele", { bucket: { ratePerHour: 1_000_000, burst: 100 } });
    await eventually(async () => expect(await limits("adele")).toMatchObject({ waiting: 0 }));
    const left = { creatorId: "adele", status: { not: "completed" as const } };
    await eventually(async () => expect(await stack.database.prisma.job.count({ where: left })).toBe(0));
  });

  it("can be cancelled, and leaves its lane", async () => {
    await creator("bjork");
    for (const _ of [1, 2]) await post("bjork");
    const { id } = await accepted(await post("bjork"));
    const cancel = () => stack.request("DELETE", `/api/ai/jobs/${id}`);
    expect(await (await cancel()).json()).toMatchObject({ id, status: "cancelled" });
    expect((await cancel()).status).toBe(200);
    expect((await limits("bjork")).waiting).toBe(0);
    const outbox = await stack.database.prisma.outbox.findMany({ where: { jobId: id } });
    expect(outbox).toMatchObject([{ type: "job.cancelled" }]);
  });

  it("is refused only when the lane is full", async () => {
    await creator("cher");
    for (const _ of [1, 2, 3, 4, 5]) expect((await post("cher")).status).toBe(202);
    const refused = await post("cher");
    expect(refused.status).toBe(429);
    expect(refused.headers.get("retry-after")).toBe("60");
    expect(await problemOf(refused)).toMatchObject({ code: "lane_full", retryable: true });
  });
});

describe("an operator", () => {
  it("holds a creator's jobs back, and lets them go on", async () => {
    await creator("dido", {});
    expect(await (await stack.request("POST", "/api/ai/creators/dido/pause")).json()).toMatchObject({
      id: "dido",
      pausedAt: expect.any(String),
    });
    const { id } = await accepted(await post("dido"));
    expect(await stack.job(id)).toMatchObject({ status: "queued", waitingFor: "paused" });
    expect(await limits("dido")).toMatchObject({ waiting: 1, paused: true });
    const resumed = await (await stack.request("POST", "/api/ai/creators/dido/resume")).json();
    expect(resumed).not.toHaveProperty("pausedAt");
    await eventually(async () => expect((await stack.job(id)).status).toBe("completed"));
    expect((await stack.request("POST", "/api/ai/creators/nobody/pause")).status).toBe(404);
  });
});

describe("a time before which a job must not start", () => {
  it("is kept, and told", async () => {
    await creator("enya", {});
    const notBefore = new Date(Date.now() + 2_000).toISOString();
    const job = await accepted(await post("enya", { notBefore }));
    expect(Date.parse(job.admission.estimatedStartAt)).toBeGreaterThanOrEqual(Date.parse(notBefore));
    expect(await stack.job(job.id)).toMatchObject({ status: "queued", waitingFor: "time" });
    const done: Job = await eventually(async () => {
      const found = await stack.job(job.id);
      expect(found.status).toBe("completed");
      return found;
    });
    expect(Date.parse(done.startedAt ?? "")).toBeGreaterThanOrEqual(Date.parse(notBefore));
  });
});

describe("a batch", () => {
  const job = (creatorId: string, more: object = {}) => ({
    agent: "test",
    creatorId,
    input: { prompt: "Say hello." },
    ...more,
  });

  it("accepts or refuses each job by itself, in order", async () => {
    const batch = {
      jobs: [
        job("fergie"),
        job("fergie", { input: {} }),
        job("fergie", { agent: "nobody" }),
        job("no such creator"),
        job("fergie", { extra: 1 }),
        job("gaga"),
      ],
    };
    const response = await stack.request("POST", "/api/ai/jobs/batch", batch);
    expect(response.status).toBe(202);
    const { jobs } = (await response.json()) as { jobs: (AcceptedJob | Problem)[] };
    expect(jobs).toMatchObject([
      { agent: "test", creatorId: "fergie", status: "queued" },
      { status: 400, code: "invalid_request", errors: [{ pointer: "#/jobs/1/input/prompt" }] },
      { status: 400, code: "agent_not_found" },
      { status: 400, code: "invalid_request", errors: [{ pointer: "#/jobs/3/creatorId" }] },
      { status: 400, code: "invalid_request", errors: [{ pointer: "#/jobs/4/extra" }] },
      { agent: "test", creatorId: "gaga", status: "queued" },
    ]);
  });

  it.each([
    ["no job", { jobs: [] }],
    ["too many", { jobs: Array.from({ length: 1_001 }, () => ({})) }],
    ["no list", { jobs: {} }],
    ["an unknown field", { jobs: [{}], more: 1 }],
  ])("is refused whole with %s", async (_name, body) => {
    expect((await stack.request("POST", "/api/ai/jobs/batch", body)).status).toBe(400);
  });

  it("may be larger than one job, but not without bound", async () => {
    const big = (count: number) => ({
      jobs: Array.from({ length: count }, () => job("hozier", { input: { prompt: "x".repeat(90_000) } })),
    });
    expect((await stack.request("POST", "/api/ai/jobs/batch", big(20))).status).toBe(202);
    expect((await stack.request("POST", "/api/ai/jobs/batch", big(100))).status).toBe(413);
  });
});
