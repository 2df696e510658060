import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { ApiKey, ApiKeySecret, Job, NewApiKey } from "@understudy/contracts";
import { assertInvariants, eventually, type Stack, startStack } from "@understudy/testkit";
import { problemOf } from "../problem-of.ts";

let stack: Stack;
const accepted: string[] = [];

beforeAll(async () => {
  stack = await startStack();
});

afterAll(() => stack.stop());

const path = "/api/ai/admin/keys";

const answerOf = async <Answer>(response: Response | Promise<Response>) =>
  (await (await response).json()) as Answer;

async function make(key: Partial<NewApiKey> = {}): Promise<ApiKeySecret> {
  const response = await stack.request("POST", path, { name: "app", scopes: ["jobs:read"], ...key });
  expect(response.status).toBe(201);
  return await answerOf(response);
}

const as = (key: string, method: string, at: string, body?: unknown) =>
  stack.request(method, at, body, { authorization: `Bearer ${key}` });

async function refusal(key: string, at = "/api/ai/jobs/job_none") {
  return await problemOf(await as(key, "GET", at));
}

/** With a key that may, any id of a job that there is not is told so. */
const isTaken = { status: 404, code: "job_not_found" };

async function enqueue(key: string, creatorId = "psy"): Promise<Response> {
  const response = await as(key, "POST", "/api/ai/test", { creatorId, prompt: "hello" });
  if (response.status === 202) accepted.push((await answerOf<Job>(response.clone())).id);
  return response;
}

async function ended(id: string): Promise<Job> {
  return await eventually(async () => {
    const job = await stack.job(id);
    expect(job).toHaveProperty("finishedAt");
    return job;
  });
}

describe("a key", () => {
  it("is shown once, and kept as a hash", async () => {
    const { key, ...made } = await make({ scopes: ["jobs:read", "jobs:read"], budgetUsd: "1.50" });
    expect(key).toMatch(/^us_live_[0-9A-Z]{33}_[\w-]{43}$/);
    expect(key.startsWith(made.begins)).toBe(true);
    expect(made).toMatchObject({ name: "app", status: "active", scopes: ["jobs:read"], creatorIds: null });
    expect(made).toMatchObject({ budgetUsd: "1.5", spentUsd: "0", lastUsedAt: null });
    expect(await answerOf(stack.request("GET", `${path}/${made.id}`))).toEqual(made);
    const list = JSON.stringify(await answerOf(stack.request("GET", path)));
    expect(list).toContain(made.id);
    const row = await stack.database.prisma.apiKey.findUniqueOrThrow({ where: { id: made.id } });
    for (const text of [list, JSON.stringify(row)]) expect(text).not.toContain(key.slice(-43));
  });

  it("is taken with its own secret alone", async () => {
    const { key } = await make();
    const { key: other } = await make();
    expect(await refusal(key)).toMatchObject(isTaken);
    const wrong = [
      key.slice(0, -1) + (key.endsWith("A") ? "B" : "A"),
      key.slice(0, -43) + other.slice(-43),
      key.replace("us_live_", "us_test_"),
      key.replace(/_[0-9A-Z]{33}_/, `_${"0".repeat(26)}_`),
      "us_live_",
    ];
    for (const text of wrong) {
      const problem = await refusal(text);
      expect(problem).toMatchObject({ status: 401, code: "invalid_api_key" });
      expect(JSON.stringify(problem)).not.toContain(text.slice(-20));
    }
  });

  it("may do what its scopes say and no more", async () => {
    const { key } = await make({ scopes: ["jobs:write"] });
    const response = await enqueue(key);
    expect(response.status).toBe(202);
    expect(await refusal(key)).toMatchObject({ status: 403, code: "forbidden_scope", scope: "jobs:read" });
    expect(await refusal(key, path)).toMatchObject({ status: 403, scope: "admin" });
    const { key: admin } = await make({ scopes: ["admin"] });
    expect((await as(admin, "GET", path)).status).toBe(200);
    expect(await refusal(admin)).toMatchObject(isTaken);
  });

  it("tells when it was last used", async () => {
    const { key, id } = await make();
    await refusal(key);
    await eventually(async () => {
      const { lastUsedAt } = await answerOf<ApiKey>(stack.request("GET", `${path}/${id}`));
      expect(Date.now() - Date.parse(lastUsedAt ?? "")).toBeLessThan(60_000);
    });
  });

  it.each([
    [{ scopes: [] }, "#/scopes"],
    [{ scopes: ["jobs"] }, "#/scopes/0"],
    [{ name: "" }, "#/name"],
    [{ creatorIds: [] }, "#/creatorIds"],
    [{ scopes: ["admin"], creatorIds: ["psy"] }, "#/creatorIds"],
    [{ budgetUsd: "1e3" }, "#/budgetUsd"],
    [{ expiresAt: "tomorrow" }, "#/expiresAt"],
    [{ secret: "mine" }, "#/secret"],
  ])("is refused with a wrong field: %#", async (wrong, pointer) => {
    const response = await stack.request("POST", path, { name: "app", scopes: ["jobs:read"], ...wrong });
    expect(await problemOf(response)).toMatchObject({ code: "invalid_request", errors: [{ pointer }] });
  });

  it("is not found under another id", async () => {
    for (const [method, at, body] of [
      ["GET", "key_none"],
      ["GET", "%00"],
      ["PATCH", "key_none", { name: "a" }],
      ["DELETE", "key_none"],
      ["POST", "key_none/rotate", {}],
    ] as const) {
      const response = await stack.request(method, `${path}/${at}`, body);
      expect(await problemOf(response)).toMatchObject({ status: 404, code: "api_key_not_found" });
    }
  });
});

describe("the end of a key", () => {
  it("comes at once when it is revoked, in other processes too, and stays", async () => {
    const other = await stack.addApi();
    try {
      const { key, id } = await make();
      const elsewhere = () =>
        fetch(`${other.details.url}/api/ai/jobs/job_none`, { headers: { authorization: `Bearer ${key}` } });
      expect([(await elsewhere()).status, (await refusal(key)).status]).toEqual([404, 404]);
      const revoked = await answerOf<ApiKey>(stack.request("DELETE", `${path}/${id}`));
      expect(revoked).toMatchObject({ status: "revoked" });
      expect(await refusal(key)).toMatchObject({ status: 401, code: "invalid_api_key" });
      // Before what the other process knows is five seconds old.
      await eventually(async () => expect((await elsewhere()).status).toBe(401), 4_000);
      expect(await answerOf(stack.request("DELETE", `${path}/${id}`))).toMatchObject({
        revokedAt: revoked.revokedAt,
      });
      const rotation = await stack.request("POST", `${path}/${id}/rotate`, {});
      expect(await problemOf(rotation)).toMatchObject({ status: 409, code: "api_key_ended" });
    } finally {
      await other.stop();
    }
  });

  it("comes by itself when it expires", async () => {
    const { key, id } = await make({ expiresAt: new Date(Date.now() + 1_000).toISOString() });
    expect(await refusal(key)).toMatchObject(isTaken);
    await eventually(async () => expect(await refusal(key)).toMatchObject({ code: "invalid_api_key" }));
    expect(await answerOf(stack.request("GET", `${path}/${id}`))).toMatchObject({ status: "expired" });
    await stack.request("PATCH", `${path}/${id}`, { expiresAt: null });
    expect(await refusal(key)).toMatchObject(isTaken);
  });
});

describe("the rotation of a key", () => {
  const rotate = async (id: string, graceSeconds: number) =>
    await answerOf<ApiKeySecret>(stack.request("POST", `${path}/${id}/rotate`, { graceSeconds }));

  it("lets both secrets be good until the grace ends", async () => {
    const { key: first, id } = await make();
    const { key: second, previousSecretUntil } = await rotate(id, 2);
    expect(Date.parse(previousSecretUntil ?? "")).toBeGreaterThan(Date.now());
    for (const key of [first, second]) expect(await refusal(key)).toMatchObject(isTaken);
    await eventually(async () => expect(await refusal(first)).toMatchObject({ status: 401 }));
    expect(await refusal(second)).toMatchObject(isTaken);
    const { key: third } = await rotate(id, 0);
    expect(await refusal(second)).toMatchObject({ status: 401 });
    expect(await refusal(third)).toMatchObject(isTaken);
  });

  it("is done by one of two at once", async () => {
    const { id } = await make();
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => stack.request("POST", `${path}/${id}/rotate`)),
    );
    const shown = await Promise.all(
      answers.filter(({ status }) => status === 200).map((answer) => answerOf<ApiKeySecret>(answer)),
    );
    for (const { status } of answers) expect([200, 409]).toContain(status);
    const good = await Promise.all(shown.map(async ({ key }) => (await refusal(key)).status));
    // Of those that came one after another the last two are good.
    expect(good.filter((status) => status === 404)).toHaveLength(Math.min(2, shown.length));
  });
});

describe("a change of a key", () => {
  it("keeps what it leaves out, and holds from the next request on", async () => {
    const { key, id, ...made } = await make({ budgetUsd: "3" });
    const change = (body: object) => stack.request("PATCH", `${path}/${id}`, body);
    expect(await answerOf(change({ scopes: ["jobs:write"] }))).toMatchObject({
      name: made.name,
      budgetUsd: "3",
      scopes: ["jobs:write"],
    });
    expect(await refusal(key)).toMatchObject({ code: "forbidden_scope" });
    expect(await answerOf(change({ budgetUsd: null, creatorIds: ["psy"] }))).toMatchObject({
      budgetUsd: null,
      creatorIds: ["psy"],
    });
    expect((await enqueue(key, "other")).status).toBe(404);
    expect(await problemOf(await change({ scopes: ["admin"] }))).toMatchObject({
      errors: [{ pointer: "#/scopes" }],
    });
    expect((await change({ scopes: ["admin"], creatorIds: null })).status).toBe(200);
    expect((await as(key, "GET", path)).status).toBe(200);
  });
});

describe("the budget of a key", () => {
  it("bounds what its jobs cost, also what they cost before it was set", async () => {
    const { key, id } = await make({ scopes: ["jobs:write"] });
    const { id: jobId } = await answerOf<Job>(enqueue(key));
    const { usage } = await ended(jobId);
    const read = () => answerOf<ApiKey>(stack.request("GET", `${path}/${id}`));
    await eventually(async () => expect((await read()).heldUsd).toBe("0"));
    expect(await read()).toMatchObject({ spentUsd: usage.costUsd, budgetUsd: null });
    await stack.request("PATCH", `${path}/${id}`, { budgetUsd: usage.costUsd });
    expect(await problemOf(await enqueue(key))).toMatchObject({
      status: 402,
      code: "budget_exceeded",
      budget: "key",
      budgetUsd: usage.costUsd,
      spentUsd: usage.costUsd,
    });
    const job = await stack.database.prisma.job.findUniqueOrThrow({ where: { id: jobId } });
    expect(job.apiKeyId).toBe(id);
  });
});

it("holds all invariants after all of this", async () => {
  for (const id of accepted) await ended(id);
  await assertInvariants(stack, accepted);
});
