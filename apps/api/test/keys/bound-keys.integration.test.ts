import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type {
  ApiKey,
  ApiKeySecret,
  Call,
  Charge,
  Costs,
  Creator,
  Job,
  NewApiKey,
  WebhookDelivery,
  WebhookEndpoint,
  WebhookEndpointSecret,
} from "@understudy/contracts";
import { eventually, type Stack, startStack } from "@understudy/testkit";
import { EventStream } from "../event-stream.ts";
import { problemOf } from "../problem-of.ts";

let stack: Stack;
/** Bound to `mine`, with every scope that such a key may have. */
let key: string;
const jobs = { mine: "", other: "" };

beforeAll(async () => {
  stack = await startStack({ environment: { WEBHOOK_RETRY_SCHEDULE: "100ms" } });
  const bound: NewApiKey = {
    name: "bound",
    scopes: ["jobs:write", "jobs:read", "creators:write", "costs:read", "webhooks:write"],
    creatorIds: ["mine"],
  };
  key = ((await (await stack.request("POST", "/api/ai/admin/keys", bound)).json()) as ApiKeySecret).key;
  for (const creatorId of ["mine", "other"] as const) {
    await stack.request("PUT", `/api/ai/creators/${creatorId}`, { plan: "business" });
    jobs[creatorId] = await stack.submit("test", { creatorId, input: { prompt: "hello" } });
  }
  for (const id of Object.values(jobs)) {
    await eventually(async () => expect(await stack.job(id)).toHaveProperty("finishedAt"));
  }
});

afterAll(() => stack.stop());

const ask = (method: string, path: string, body?: unknown, more: Record<string, string> = {}) =>
  stack.request(method, `/api/ai${path}`, body, { authorization: `Bearer ${key}`, ...more });

const read = async <Answer>(path: string) => (await (await ask("GET", path)).json()) as Answer;

describe("for a key that is bound to creators", () => {
  it("others' creators and jobs do not exist, as one that never was", async () => {
    for (const [method, path, body] of [
      ["GET", "/creators/:creator"],
      ["PUT", "/creators/:creator", { profile: { displayName: "Mine" } }],
      ["GET", "/creators/:creator/quota"],
      ["GET", "/creators/:creator/limits"],
      ["GET", "/creators/:creator/history"],
      ["GET", "/creators/:creator/insights"],
      ["DELETE", "/creators/:creator/fans/fan"],
      ["GET", "/jobs/:job"],
      ["GET", "/jobs/:job/events"],
      ["POST", "/jobs/:job/token", {}],
      ["POST", "/jobs/:job/feedback", { outcome: "sent" }],
      ["DELETE", "/jobs/:job"],
      ["POST", "/test", { creatorId: "other", prompt: "hello" }],
      ["POST", "/agents/test/jobs", { creatorId: "other", input: { prompt: "hello" } }],
    ] as [string, string, unknown?][]) {
      const at = path.replace(":creator", "other").replace(":job", jobs.other);
      const problem = await problemOf(await ask(method, at, body));
      const code = path.includes(":job") ? "job_not_found" : "creator_not_found";
      expect({ path, ...problem }).toMatchObject({ path, status: 404, code });
      if (!path.includes(":job")) continue;
      const never = await problemOf(await ask(method, path.replace(":job", "job_none"), body));
      expect({ ...problem, requestId: "" }).toEqual({ ...never, requestId: "" });
    }
    expect((await ask("GET", `/jobs/${jobs.mine}`)).status).toBe(200);
    const { plan } = (await (await stack.request("GET", "/api/ai/creators/other")).json()) as Creator;
    expect(plan).toBe("business");
  });

  it("a batch has its own creators' jobs accepted alone", async () => {
    const entry = (creatorId: string) => ({ agent: "test", creatorId, input: { prompt: "hello" } });
    const response = await ask("POST", "/jobs/batch", { jobs: [entry("other"), entry("mine")] });
    expect(await response.json()).toMatchObject({
      jobs: [{ code: "creator_not_found" }, { creatorId: "mine", status: "queued" }],
    });
  });

  it("lists, sums and CSV tell of its creators alone", async () => {
    const { items: creators } = await read<{ items: Creator[] }>("/creators");
    expect(creators.map(({ id }) => id)).toEqual(["mine"]);
    for (const list of ["/admin/calls", `/admin/calls?jobId=${jobs.mine}`]) {
      const { items } = await read<{ items: Call[] }>(list);
      expect(new Set(items.map(({ creatorId }) => creatorId))).toEqual(new Set(["mine"]));
    }
    const { items: charges } = await read<{ items: Charge[] }>("/admin/charges");
    expect(charges.map(({ creatorId }) => creatorId)).toEqual(["mine"]);
    const { rows } = await read<Costs>("/admin/costs?groupBy=creator");
    expect(rows.map((row) => row.key)).toEqual(["mine"]);
    for (const path of ["/admin/costs?groupBy=creator", "/admin/charges"]) {
      const csv = await (await ask("GET", path, undefined, { accept: "text/csv" })).text();
      expect(csv).toContain("mine");
      expect(csv).not.toContain("other");
    }
    for (const path of ["/admin/calls", "/admin/charges", "/admin/alerts"]) {
      expect(await read(`${path}?creatorId=other`)).toEqual({ items: [] });
    }
    expect(await read("/admin/costs?groupBy=day&creatorId=other")).toMatchObject({ rows: [] });
  });

  it("calls of others can't be explained", async () => {
    const [call, foreign] = await Promise.all(
      [jobs.mine, jobs.other].map((jobId) =>
        stack.database.prisma.usageLog.findFirstOrThrow({ where: { jobId } }),
      ),
    );
    expect((await ask("GET", `/admin/calls/${call?.id}/explain`)).status).toBe(200);
    const response = await ask("GET", `/admin/calls/${foreign?.id}/explain`);
    expect(await problemOf(response)).toMatchObject({ status: 404, code: "call_not_found" });
  });

  it("streams of its own jobs are told", async () => {
    const stream = new EventStream(await ask("GET", `/jobs/${jobs.mine}/events`));
    expect((await stream.rest()).at(-1)).toMatchObject({ event: "done", data: { creatorId: "mine" } });
  });
});

describe("its own bounds", () => {
  it("stay out of its reach: plan, bucket, quota and pause need terms:write", async () => {
    const before = await read<Creator>("/creators/mine");
    for (const [field, value] of [
      ["plan", "pro"],
      ["bucket", { ratePerHour: 100_000_000, burst: 1_000_000 }],
      ["bucket", null],
      ["quotaUsd", null],
    ] as const) {
      const body = { [field]: value, profile: { displayName: "Mine" } };
      expect(await problemOf(await ask("PUT", "/creators/mine", body))).toMatchObject({
        status: 403,
        code: "forbidden_scope",
        scope: "terms:write",
        errors: [{ pointer: `#/${field}` }],
      });
    }
    for (const action of ["pause", "resume"]) {
      const problem = await problemOf(await ask("POST", `/creators/mine/${action}`));
      expect(problem).toMatchObject({ status: 403, code: "forbidden_scope", scope: "terms:write" });
    }
    expect(await read("/creators/mine")).toEqual(before);
    expect((await ask("PUT", "/creators/mine", { profile: { displayName: "Mine" } })).status).toBe(200);
  });

  it("are changed by who has that scope, and nothing else by who has no other", async () => {
    const made = await stack.request("POST", "/api/ai/admin/keys", {
      name: "terms",
      scopes: ["terms:write"],
    });
    const { key } = (await made.json()) as ApiKeySecret;
    const put = (body: object) =>
      stack.request("PUT", "/api/ai/creators/mine", body, { authorization: `Bearer ${key}` });
    expect((await put({ plan: "pro" })).status).toBe(200);
    for (const body of [
      {},
      { profile: { displayName: "Ours" } },
      { plan: "pro", profile: { displayName: "Ours" } },
    ]) {
      expect(await problemOf(await put(body))).toMatchObject({ status: 403, scope: "creators:write" });
    }
    expect((await put({ plan: "business" })).status).toBe(200);
  });

  it("can't be lifted by giving it that scope", async () => {
    const scopes = ["creators:write", "terms:write"];
    const made = await stack.request("POST", "/api/ai/admin/keys", {
      name: "k",
      scopes,
      creatorIds: ["mine"],
    });
    expect(await problemOf(made)).toMatchObject({ status: 400, errors: [{ pointer: "#/creatorIds" }] });
    const { items } = (await (await stack.request("GET", "/api/ai/admin/keys")).json()) as {
      items: ApiKey[];
    };
    const path = `/api/ai/admin/keys/${items.find(({ name }) => name === "bound")?.id}`;
    const changed = await problemOf(await stack.request("PATCH", path, { scopes }));
    expect(changed).toMatchObject({ status: 400, errors: [{ pointer: "#/scopes" }] });
    const free = (await (
      await stack.request("POST", "/api/ai/admin/keys", { name: "free", scopes })
    ).json()) as ApiKeySecret;
    const bound = await stack.request("PATCH", `/api/ai/admin/keys/${free.id}`, { creatorIds: ["mine"] });
    expect(await problemOf(bound)).toMatchObject({ status: 400, errors: [{ pointer: "#/creatorIds" }] });
  });
});

describe("webhook endpoints of such a key", () => {
  const hook = { url: "http://127.0.0.1:9/hook", events: ["job.completed"] };
  const made = async (response: Promise<Response>) =>
    (await (await response).json()) as WebhookEndpointSecret;

  it("hear of its creators alone", async () => {
    const { id, creatorIds } = await made(ask("POST", "/webhooks", hook));
    expect(creatorIds).toEqual(["mine"]);
    const stranger = await ask("POST", "/webhooks", { ...hook, creatorIds: ["mine", "other"] });
    expect(await problemOf(stranger)).toMatchObject({ status: 404, code: "creator_not_found" });
    const widened = await ask("PATCH", `/webhooks/${id}`, { creatorIds: ["other"] });
    expect(await problemOf(widened)).toMatchObject({ status: 404, code: "creator_not_found" });
    expect(await made(ask("PATCH", `/webhooks/${id}`, { creatorIds: [] }))).toMatchObject({
      creatorIds: ["mine"],
    });
    const told = await stack.submit("test", { creatorId: "mine", input: { prompt: "hello" } });
    await stack.submit("test", { creatorId: "other", input: { prompt: "hello" } });
    await eventually(async () => {
      const { items } = await read<{ items: WebhookDelivery[] }>(`/webhooks/${id}/deliveries`);
      expect(items.map(({ jobId }) => jobId)).toEqual([told]);
    });
  });

  it("are all that exist for it", async () => {
    const [all, both, own] = await Promise.all([
      made(stack.request("POST", "/api/ai/webhooks", hook)),
      made(stack.request("POST", "/api/ai/webhooks", { ...hook, creatorIds: ["mine", "other"] })),
      made(stack.request("POST", "/api/ai/webhooks", { ...hook, creatorIds: ["mine"] })),
    ]);
    const ids = (await read<{ items: WebhookEndpoint[] }>("/webhooks")).items.map(({ id }) => id);
    expect(ids).toContain(own.id);
    const job = { creatorId: "mine", prompt: "hello", options: { callbackUrl: `${hook.url}/1` } };
    for (const { id } of [all, both]) {
      expect(ids).not.toContain(id);
      const sent = await stack.request("POST", `/api/ai/webhooks/${id}/test`);
      const { deliveryId } = (await sent.json()) as { deliveryId: string };
      for (const [method, path, body] of [
        ["GET", `/webhooks/${id}`],
        ["PATCH", `/webhooks/${id}`, { enabled: false }],
        ["PUT", `/webhooks/${id}`, { enabled: false }],
        ["DELETE", `/webhooks/${id}`],
        ["POST", `/webhooks/${id}/rotate-secret`],
        ["POST", `/webhooks/${id}/test`],
        ["GET", `/webhooks/${id}/deliveries`],
        ["POST", `/webhooks/${id}/replay?since=2026-01-01T00:00:00Z`],
        ["POST", `/webhooks/deliveries/${deliveryId}/replay`],
      ] as [string, string, unknown?][]) {
        expect({ path, status: (await ask(method, path, body)).status }).toEqual({ path, status: 404 });
      }
    }
    expect((await ask("POST", "/test", job)).status).toBe(202);
    for (const id of ids) await ask("DELETE", `/webhooks/${id}`);
    // Those that are left would sign it for anyone else.
    expect(await problemOf(await ask("POST", "/test", job))).toMatchObject({ code: "callback_not_allowed" });
    expect((await stack.request("POST", "/api/ai/test", job)).status).toBe(202);
  });

  it("tell nothing of others that they heard of before they were narrowed", async () => {
    const request = (method: string, path: string, body?: unknown) =>
      stack.request(method, `/api/ai${path}`, body);
    const { id } = await made(request("POST", "/webhooks", hook));
    const told = await stack.submit("test", { creatorId: "mine", input: { prompt: "told" } });
    const ofOther = await stack.submit("test", { creatorId: "other", input: { prompt: "told" } });
    const deliveries = async (of: typeof ask) =>
      ((await (await of("GET", `/webhooks/${id}/deliveries`)).json()) as { items: WebhookDelivery[] }).items;
    await eventually(async () =>
      expect((await deliveries(request)).map(({ jobId }) => jobId)).toEqual(
        expect.arrayContaining([told, ofOther]),
      ),
    );
    await request("PATCH", `/webhooks/${id}`, { creatorIds: ["mine"] });
    const seen = (await deliveries(ask)).map(({ jobId }) => jobId);
    expect(seen).toContain(told);
    expect(seen).not.toContain(ofOther);
    const other = (await deliveries(request)).find(({ jobId }) => jobId === ofOther)?.id;
    expect((await ask("POST", `/webhooks/deliveries/${other}/replay`)).status).toBe(404);
    expect((await request("POST", `/webhooks/deliveries/${other}/replay`)).status).toBe(404);
    const replayed = await ask("POST", `/webhooks/${id}/replay?since=2026-01-01T00:00:00Z`);
    const again = (await replayed.json()) as { deliveries: number };
    const ofMine = await stack.database.prisma.outbox.count({
      where: { creatorId: "mine", type: "job.completed" },
    });
    expect(again.deliveries).toBe(ofMine);
    await ask("DELETE", `/webhooks/${id}`);
  });
});

it("is charged for its jobs", async () => {
  const accepted = (await (await ask("POST", "/test", { creatorId: "mine", prompt: "hello" })).json()) as Job;
  const { apiKeyId } = await stack.database.prisma.job.findUniqueOrThrow({ where: { id: accepted.id } });
  expect(key).toContain(apiKeyId?.slice("key_".length));
});
