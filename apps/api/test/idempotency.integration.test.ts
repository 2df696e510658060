import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { AcceptedJob, Job } from "@understudy/contracts";
import { assertInvariants, eventually, type Stack, startStack } from "@understudy/testkit";
import { problemOf } from "./problem-of.ts";

/** Requests with an Idempotency-Key, that come again: each makes one job, whatever happens meanwhile. */

let stack: Stack;
const accepted: string[] = [];

beforeAll(async () => {
  stack = await startStack();
  const bucket = { ratePerHour: 1_000_000, burst: 1_000 };
  await stack.request("PUT", "/api/ai/creators/psy", { plan: "business", bucket });
});

afterAll(() => stack.stop());

const body = (prompt: string) => ({ creatorId: "psy", prompt });

function post(key: string, prompt: string, headers: Record<string, string> = {}): Promise<Response> {
  return stack.request("POST", "/api/ai/test", body(prompt), { "idempotency-key": key, ...headers });
}

async function jobOf(response: Response): Promise<AcceptedJob> {
  expect(response.status).toBe(202);
  const job = (await response.json()) as AcceptedJob;
  accepted.push(job.id);
  return job;
}

const jobsWith = (prompt: string) =>
  stack.database.prisma.job.count({ where: { input: { path: ["prompt"], equals: prompt } } });

const replayed = (response: Response) => response.headers.get("idempotency-replayed");

/** The same request to two processes at once, again until it is not under way anywhere. */
async function untilAnswered(send: () => Promise<Response>): Promise<Response> {
  return eventually(async () => {
    const response = await send();
    if (response.status === 409) throw new Error("under way");
    return response;
  });
}

describe("a request with an Idempotency-Key", () => {
  it("gives the same job each time, and says so", async () => {
    const first = await post("one", "same?");
    expect(replayed(first)).toBeNull();
    const job = await jobOf(first);
    const again = await post('"one"', "same?");
    expect([again.status, replayed(again), again.headers.get("location")]).toEqual([
      202,
      "true",
      job.links.self,
    ]);
    expect(await again.json()).toEqual(job);
    await eventually(async () => expect((await stack.job(job.id)).status).toBe("completed"));
    expect(await (await post("one", "same?")).json()).toEqual(job);
    const waited = await post("one", "same?", { prefer: "wait=20" });
    expect([waited.status, replayed(waited)]).toEqual([200, "true"]);
    expect((await waited.json()) as Job).toMatchObject({ id: job.id, status: "completed" });
    expect(await jobsWith("same?")).toBe(1);
  });

  it("is the same in whatever order its fields stand, and by whatever route it comes", async () => {
    const job = await jobOf(await post("order", "ordered"));
    const swapped = { prompt: "ordered", creatorId: "psy", options: {} };
    const headers = { "idempotency-key": "order" };
    expect(await (await stack.request("POST", "/api/ai/test", swapped, headers)).json()).toEqual(job);
    const generic = { input: { prompt: "ordered" }, creatorId: "psy" };
    const other = await stack.request("POST", "/api/ai/agents/test/jobs", generic, headers);
    expect(await other.json()).toEqual(job);
  });

  it("is refused where its key came with another, and the first one's job stays", async () => {
    const job = await jobOf(await post("reused", "first"));
    const other = await post("reused", "second");
    expect(other.status).toBe(422);
    expect(await problemOf(other)).toMatchObject({ code: "idempotency_key_reused", retryable: false });
    expect(await jobsWith("second")).toBe(0);
    expect(await (await post("reused", "first")).json()).toEqual(job);
  });

  it("is no job of a batch under a key that looks like it", async () => {
    const single = await jobOf(await post("col/0", "single"));
    const entry = { agent: "test", creatorId: "psy", input: { prompt: "of a batch" } };
    const headers = { "idempotency-key": "col" };
    const batch = async () =>
      (await (await stack.request("POST", "/api/ai/jobs/batch", { jobs: [entry] }, headers)).json()) as {
        jobs: Job[];
      };
    const { jobs } = await batch();
    expect(jobs).toMatchObject([{ status: "queued" }]);
    expect(jobs[0]?.id).not.toBe(single.id);
    expect((await batch()).jobs[0]?.id).toBe(jobs[0]?.id);
  });

  it("keeps no key where it is refused", async () => {
    expect((await post("refused", "")).status).toBe(400);
    await jobOf(await post("refused", "not empty"));
  });

  it.each([
    ["empty", '""'],
    ["too long", "x".repeat(256)],
    ["no ASCII", "caf\u00e9"],
  ])("is refused with a key that is %s", async (_name, key) => {
    const response = await post(key, "bad key");
    expect(response.status).toBe(400);
    expect(await problemOf(response)).toMatchObject({ errors: [{ pointer: "Idempotency-Key" }] });
  });

  it("makes one job of many at once, over two processes", async () => {
    const other = String((await stack.addApi()).details.url);
    const headers = {
      authorization: `Bearer ${stack.adminKey}`,
      "content-type": "application/json",
      "idempotency-key": "storm",
    };
    const send = (url: string) => () =>
      fetch(`${url}/api/ai/test`, { method: "POST", headers, body: JSON.stringify(body("storm")) });
    const urls = Array.from({ length: 40 }, (_, index) => (index % 2 ? other : stack.url));
    const responses = await Promise.all(urls.map((url) => untilAnswered(send(url))));
    const ids = new Set((await Promise.all(responses.map(jobOf))).map(({ id }) => id));
    expect(ids.size).toBe(1);
    expect(responses.filter((response) => replayed(response) === null)).toHaveLength(1);
    expect(await jobsWith("storm")).toBe(1);
  });

  it("is told to come again while it is under way", async () => {
    const unlock = await lockRecords();
    const first = post("slow", "slow");
    await eventually(async () => expect(await waitingForLocks()).toBe(1));
    const second = await post("slow", "slow");
    expect([second.status, second.headers.get("retry-after")]).toEqual([409, "1"]);
    expect(await problemOf(second)).toMatchObject({ code: "idempotency_key_in_use", retryable: true });
    await unlock();
    const job = await jobOf(await first);
    expect(await (await post("slow", "slow")).json()).toEqual(job);
  });

  it("is anew after 24 hours", async () => {
    const job = await jobOf(await post("day", "day"));
    await stack.database.prisma.idempotencyRecord.updateMany({
      where: { key: "day" },
      data: { expiresAt: new Date() },
    });
    const next = await jobOf(await post("day", "another day"));
    expect(next.id).not.toBe(job.id);
    expect(await (await post("day", "another day")).json()).toEqual(next);
  });
});

describe("a batch", () => {
  const job = (prompt: string, idempotencyKey?: string) => ({
    agent: "test",
    creatorId: "psy",
    input: { prompt },
    ...(idempotencyKey && { options: { idempotencyKey } }),
  });

  async function send(jobs: object[], headers = {}): Promise<{ id: string }[]> {
    const response = await stack.request("POST", "/api/ai/jobs/batch", { jobs }, headers);
    return ((await response.json()) as { jobs: { id: string }[] }).jobs;
  }

  it("knows each of its jobs by its own key, or by the batch's and its place", async () => {
    const jobs = [job("b1", "b1"), job("b2"), job("b3", "b3")];
    const first = await send(jobs, { "idempotency-key": "batch" });
    accepted.push(...first.map(({ id }) => id));
    expect(new Set(first.map(({ id }) => id)).size).toBe(3);
    expect(await send(jobs, { "idempotency-key": "batch" })).toEqual(first);
    const [one, two, other] = await send([job("b1", "b1"), job("b2"), job("b4", "b3")]);
    expect(one).toEqual(first[0]);
    expect(two?.id).not.toBe(first[1]?.id);
    accepted.push(two?.id ?? "");
    expect(other).toMatchObject({ status: 422, code: "idempotency_key_reused" });
  });
});

describe("the API killed by -9", () => {
  it("with the job on its way to being committed: a repeat gets that job", async () => {
    const unlock = await lockRecords();
    const lost = post("killed before", "killed before").catch(() => undefined);
    await eventually(async () => expect(await waitingForLocks()).toBe(1));
    await stack.api.kill();
    expect(await lost).toBeUndefined();
    await stack.restartApi();
    // Postgres does not know yet that nobody waits for it, and commits.
    await unlock();
    const job = await jobOf(await untilAnswered(() => post("killed before", "killed before")));
    expect(await (await post("killed before", "killed before")).json()).toEqual(job);
    expect(await jobsWith("killed before")).toBe(1);
  });

  it("with the job committed, and nobody told: a repeat gets that job", async () => {
    // While Redis hangs, the answer waits a moment for where the job stands.
    process.kill(stack.redis.pid(), "SIGSTOP");
    const lost = post("killed after", "killed after").catch(() => undefined);
    await eventually(async () => expect(await jobsWith("killed after")).toBe(1));
    await stack.api.kill();
    process.kill(stack.redis.pid(), "SIGCONT");
    expect(await lost).toBeUndefined();
    await stack.restartApi();
    const job = await jobOf(await post("killed after", "killed after"));
    expect(await stack.database.prisma.job.findMany({ where: { id: job.id } })).toHaveLength(1);
    expect(await jobsWith("killed after")).toBe(1);
  });
});

it("the invariants hold at the end", async () => {
  const open = { status: { in: ["queued", "running"] as ("queued" | "running")[] } };
  await eventually(async () => expect(await stack.database.prisma.job.count({ where: open })).toBe(0));
  await assertInvariants(stack, [...new Set(accepted)]);
});

/** Whoever writes a record of a key waits. @returns what lets them go on */
async function lockRecords(): Promise<() => Promise<void>> {
  const text = 'LOCK TABLE "IdempotencyRecord" IN SHARE MODE';
  let unlock = () => {};
  const unlocked = new Promise<void>((resolve) => {
    unlock = resolve;
  });
  return new Promise((resolve, reject) => {
    const locked = stack.database.transaction(async (execute) => {
      await execute({ name: "", text });
      resolve(async () => {
        unlock();
        await locked;
      });
      await unlocked;
    });
    locked.catch(reject);
  });
}

async function waitingForLocks(): Promise<number> {
  const [row] = await stack.database.prisma.$queryRaw<{ waiting: bigint }[]>`
    SELECT count(*) AS waiting FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'`;
  return Number(row?.waiting);
}
