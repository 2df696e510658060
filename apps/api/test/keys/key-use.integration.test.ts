import { describe, expect, it } from "@jest/globals";
import type { AuditEntry, JobToken } from "@understudy/contracts";
import { eventually } from "@understudy/testkit";
import { EventStream } from "../event-stream.ts";
import { problemOf } from "../problem-of.ts";
import { answerOf, bearer, jobId, makeKey, signIn, stack, visit } from "./key-run.ts";

describe("a job's token", () => {
  const tokenOf = (id = jobId, body?: object, headers = bearer(stack.adminKey)) =>
    stack.request("POST", `/api/ai/jobs/${id}/token`, body, headers);
  const path = (rest = "") => `/api/ai/jobs/${jobId}${rest}`;

  it("reads that job and its events from any site, and nothing else", async () => {
    const { token, expiresAt } = await answerOf<JobToken>(tokenOf());
    expect(Date.parse(expiresAt) - Date.now()).toBeGreaterThan(14 * 60_000);
    for (const response of [
      await visit("GET", path(), bearer(token)),
      await visit("GET", path(`/events?token=${token}`)),
      await visit("GET", path("/events"), bearer(token)),
    ]) {
      expect(response.status).toBe(200);
      expect(response.headers.get("access-control-allow-origin")).toBe("*");
      if (response.url.includes("events")) {
        expect((await new EventStream(response).rest()).at(-1)).toMatchObject({ event: "done" });
      }
    }
    const other = await stack.submit("test", { creatorId: "psy", input: { prompt: "hello" } });
    for (const [method, at] of [
      ["DELETE", path()],
      ["POST", path("/token")],
      ["POST", path("/feedback")],
      ["GET", `/api/ai/jobs/${other}`],
      ["GET", `/api/ai/jobs/${other}/events?token=${token}`],
      ["GET", "/api/ai/creators"],
      ["GET", "/api/ai/admin/keys"],
    ] as const) {
      const response = await visit(method, at, bearer(token), method === "POST" ? {} : undefined);
      expect({ at, ...(await problemOf(response)) }).toMatchObject({
        at,
        status: 403,
        code: "forbidden_scope",
      });
    }
  });

  it("lets browsers ask first, for these two paths alone", async () => {
    const ask = { origin: "https://app.test", "access-control-request-method": "GET" };
    for (const at of [path(), path("/events")]) {
      const response = await visit("OPTIONS", at, ask);
      expect(response.status).toBe(204);
      expect(response.headers.get("access-control-allow-headers")).toContain("authorization");
    }
    for (const response of [
      await visit("OPTIONS", "/api/ai/creators", ask),
      await visit("GET", path(), { ...bearer(stack.adminKey), ...ask }),
    ]) {
      expect(response.headers.get("access-control-allow-origin")).toBeNull();
    }
  });

  it("ends after its time, and with its key", async () => {
    // Of a job of its own: what is asked in the meantime counts against that.
    const other = await stack.submit("test", { creatorId: "psy", input: { prompt: "hello" } });
    const { token: short } = await answerOf<JobToken>(tokenOf(other, { expiresInSeconds: 1 }));
    await eventually(async () => {
      const response = await visit("GET", `/api/ai/jobs/${other}`, bearer(short));
      // The page that asks must be able to read why.
      expect(response.headers.get("access-control-allow-origin")).toBe("*");
      expect(await problemOf(response)).toMatchObject({ status: 401, code: "invalid_api_key" });
    });
    const { key, id } = await makeKey(["jobs:read"]);
    const { token } = await answerOf<JobToken>(tokenOf(jobId, {}, bearer(key)));
    expect((await visit("GET", path(), bearer(token))).status).toBe(200);
    await stack.request("DELETE", `/api/ai/admin/keys/${id}`);
    expect((await visit("GET", path(), bearer(token))).status).toBe(401);
    const tampered = token.replace(/\.[\w-]{4}/, ".AAAA");
    expect((await visit("GET", path(), bearer(tampered))).status).toBe(401);
    for (const expiresInSeconds of [0, 86_401, 1.5]) {
      expect(await problemOf(await tokenOf(jobId, { expiresInSeconds }))).toMatchObject({ status: 400 });
    }
    expect(await problemOf(await tokenOf("job_none"))).toMatchObject({ status: 404, code: "job_not_found" });
  });
});

describe("requests a second", () => {
  it("are bounded for each key, and told of in headers", async () => {
    const { key } = await makeKey(["jobs:read", "jobs:write"]);
    const ask = () => visit("GET", `/api/ai/jobs/${jobId}`, bearer(key));
    const first = await ask();
    expect(first.headers.get("ratelimit-policy")).toBe('"key";q=15;w=15');
    expect(first.headers.get("ratelimit")).toBe('"key";r=14;t=0');
    const answers = await Promise.all(Array.from({ length: 25 }, ask));
    const refused = answers.find(({ status }) => status === 429);
    expect(answers.filter(({ status }) => status === 200).length).toBeLessThan(20);
    expect(refused?.headers.get("retry-after")).toBe("1");
    expect(refused?.headers.get("ratelimit")).toBe('"key";r=0;t=1');
    expect(await problemOf(refused as Response)).toMatchObject({ code: "rate_limited", retryable: true });
    const { key: other } = await makeKey(["jobs:write"]);
    const job = { creatorId: "psy", prompt: "hello" };
    const accepted = await visit("POST", "/api/ai/test", bearer(other), job);
    expect(accepted.headers.get("ratelimit-policy")).toMatch(/^"key";q=15;w=15, "bucket";q=\d+;w=\d+$/);
  });

  it("count each job of a batch, which is taken all the same: what it owes has to be waited for", async () => {
    const { key } = await makeKey(["jobs:write", "jobs:read"]);
    const jobs = Array.from({ length: 40 }, () => ({
      ...{ agent: "test", creatorId: "psy", input: { prompt: "hello" } },
    }));
    const taken = await visit("POST", "/api/ai/jobs/batch", bearer(key), { jobs });
    expect(taken.status).toBe(202);
    const next = await visit("GET", `/api/ai/jobs/${jobId}`, bearer(key));
    expect(next.status).toBe(429);
    // 40 of 15 were used, and one comes back each second.
    expect(Number(next.headers.get("retry-after"))).toBeGreaterThan(20);
  });

  it("are not for keys that may do everything", async () => {
    const { key } = await makeKey(["admin"]);
    const answers = await Promise.all(
      Array.from({ length: 25 }, () => visit("GET", `/api/ai/jobs/${jobId}`, bearer(key))),
    );
    for (const { status, headers } of answers) {
      expect(status).toBe(200);
      expect(headers.get("ratelimit")).toBeNull();
    }
  });
});

describe("the audit log", () => {
  const list = async (query: string) =>
    await answerOf<{ items: AuditEntry[]; nextCursor?: string }>(
      stack.request("GET", `/api/ai/admin/audit?${query}`),
    );

  it("says who changed what, when, and what came of it, without what is secret", async () => {
    const from = new Date().toISOString();
    const { key, id } = await makeKey(["admin"], { budgetUsd: "2" });
    const as = (method: string, path: string, body?: object) =>
      stack.request(method, path, body, { ...bearer(key), "x-request-id": "audited" });
    const profile = { voice: "a secret voice" };
    await as("PUT", "/api/ai/creators/psy", { plan: "pro", profile });
    await as("PUT", "/api/ai/creators/psy", { plan: "none" });
    const hook = await as("POST", "/api/ai/webhooks", {
      url: "https://app.test/s3cret",
      events: ["job.failed"],
    });
    const { id: endpointId } = await answerOf<{ id: string }>(hook);
    await as("DELETE", "/api/ai/creators/psy/fans/fan_secret");
    await as("POST", "/api/ai/test", { creatorId: "psy", prompt: "secret" });
    await as("GET", "/api/ai/creators/psy");
    const { cookie, csrfToken } = await signIn();
    await visit("POST", "/api/ai/creators/psy/pause", { cookie, "x-csrf-token": csrfToken });

    const { items } = await list(`from=${from}`);
    const told = items
      .reverse()
      .map(({ actor, operation, target, outcome, changes }) => [actor, operation, target, outcome, changes]);
    expect(told).toEqual([
      ["admin", "createApiKey", id, "ok", { name: "app", scopes: ["admin"], budgetUsd: "2" }],
      [id, "putCreator", "psy", "ok", { plan: "pro", profile: null }],
      [id, "putCreator", "psy", "plan_not_found", { plan: "none" }],
      [id, "createWebhook", endpointId, "ok", { url: null, events: ["job.failed"] }],
      [id, "eraseFan", "psy", "ok", {}],
      ["person", "signIn", null, "ok", { address: "127.0.0.1" }],
      ["person", "pauseCreator", "psy", "ok", {}],
    ]);
    expect(items[1]?.requestId).toBe("audited");
    const rows = JSON.stringify(await stack.database.prisma.auditEntry.findMany());
    expect(rows).not.toMatch(/s(e|3)cret/);
    expect(rows).not.toContain(key.slice(-43));
  });

  it("is found by time, actor and operation, page by page", async () => {
    const { key, id } = await makeKey(["admin"]);
    for (const plan of ["pro", "starter", "pro"]) {
      await stack.request("PUT", "/api/ai/creators/psy", { plan }, bearer(key));
    }
    const { items, nextCursor } = await list(`actor=${id}&operation=putCreator&limit=2`);
    expect(items.map(({ changes }) => changes)).toEqual([{ plan: "pro" }, { plan: "starter" }]);
    const rest = await list(`actor=${id}&operation=putCreator&limit=2&cursor=${nextCursor}`);
    expect(rest).toMatchObject({ items: [{ changes: { plan: "pro" } }] });
    expect(rest.nextCursor).toBeUndefined();
    expect((await list(`actor=${id}&to=2026-01-01T00:00:00Z`)).items).toEqual([]);
  });

  it("knows of changes in Bull Board, also of those that it refuses", async () => {
    const { cookie } = await signIn();
    const from = new Date().toISOString();
    const pause = await visit("PUT", "/admin/queues/api/queues/chat/pause", {
      cookie,
      "sec-fetch-site": "same-origin",
    });
    await pause.arrayBuffer();
    await eventually(async () => {
      const { items } = await list(`from=${from}&operation=changeInBullBoard`);
      expect(items).toMatchObject([
        { actor: "person", target: "PUT /api/queues/chat/pause", outcome: `http_${pause.status}` },
      ]);
    });
  });

  it("can't be changed", async () => {
    const { auditEntry } = stack.database.prisma;
    const { id } = await auditEntry.findFirstOrThrow({ where: { outcome: "ok" } });
    await expect(auditEntry.update({ where: { id }, data: { actor: "nobody" } })).rejects.toThrow();
    await expect(auditEntry.delete({ where: { id } })).rejects.toThrow();
  });
});
