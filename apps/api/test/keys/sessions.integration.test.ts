import { describe, expect, it } from "@jest/globals";
import type { ApiKeySecret, JobToken, ListedSession } from "@understudy/contracts";
import { connectRedis } from "@understudy/queues";
import { eventually } from "@understudy/testkit";
import { problemOf } from "../problem-of.ts";
import { answerOf, bearer, jobId, makeKey, signIn, stack, visit } from "./key-run.ts";

describe("a person's session", () => {
  it("acts as the admin, and changes nothing without its token", async () => {
    const { cookie, attributes, csrfToken, expiresAt } = await signIn();
    expect(attributes).toMatch(/HttpOnly/);
    expect(attributes).toMatch(/SameSite=Strict/);
    expect(attributes).not.toMatch(/Secure/);
    expect(await answerOf(visit("GET", "/api/ai/session", { cookie }))).toEqual({ csrfToken, expiresAt });
    expect((await visit("GET", `/api/ai/jobs/${jobId}`, { cookie })).status).toBe(200);
    const change = (headers: Record<string, string>) =>
      visit("POST", "/api/ai/admin/spending", { cookie, ...headers }, { stopped: false });
    for (const headers of [{}, { "x-csrf-token": "" }, { "x-csrf-token": `${csrfToken}x` }] as Record<
      string,
      string
    >[]) {
      expect(await problemOf(await change(headers))).toMatchObject({
        status: 403,
        code: "csrf_token_invalid",
      });
    }
    expect((await change({ "x-csrf-token": csrfToken })).status).toBe(200);
    // Of another session it is good for nothing.
    const other = await signIn();
    expect((await change({ "x-csrf-token": other.csrfToken })).status).toBe(403);
  });

  it("ends when it is signed out of, and is none for who has no cookie of ours", async () => {
    const { cookie, csrfToken } = await signIn();
    const out = await visit("DELETE", "/api/ai/session", { cookie, "x-csrf-token": csrfToken });
    expect(out.status).toBe(204);
    expect(out.headers.getSetCookie()[0]).toMatch(/^understudy_session=;.*Expires=Thu, 01 Jan 1970/);
    const forged = cookie.slice(0, -2) + (cookie.endsWith("AA") ? "BB" : "AA");
    // The cookie itself is good for nothing any more, wherever a copy of it is.
    for (const wrong of ["", "understudy_session=", forged, cookie]) {
      const problem = await problemOf(await visit("GET", "/api/ai/session", { cookie: wrong }));
      expect(problem).toMatchObject({ status: 401, code: "unauthorized" });
      expect((await visit("GET", `/api/ai/jobs/${jobId}`, { cookie: wrong })).status).toBe(401);
      expect((await visit("GET", "/admin/queues", { cookie: wrong, accept: "text/html" })).status).toBe(303);
    }
  });

  it("ends when nothing came for an hour, and after twelve in any case", async () => {
    for (const { column, ago, isGood } of [
      { column: "lastSeenAt", ago: "59 minutes", isGood: true },
      { column: "lastSeenAt", ago: "61 minutes", isGood: false },
      { column: "expiresAt", ago: "1 second", isGood: false },
    ]) {
      const { cookie } = await signIn();
      const isSignedIn = async () => (await visit("GET", "/api/ai/session", { cookie })).status === 200;
      await stack.database.prisma.$executeRawUnsafe(
        `UPDATE "Session" SET "${column}" = now() - interval '${ago}' WHERE "createdAt" = (SELECT max("createdAt") FROM "Session")`,
      );
      // What comes within the hour begins another one.
      expect([await isSignedIn(), await isSignedIn()]).toEqual([isGood, isGood]);
    }
  });

  it("is listed with all others, and can be ended from another, one or all", async () => {
    const [own, lost] = [await signIn(), await signIn()];
    const listed = await answerOf<{ items: ListedSession[] }>(
      visit("GET", "/api/ai/sessions", { cookie: own.cookie, "user-agent": "a browser" }),
    );
    expect(listed.items.slice(0, 2)).toMatchObject([
      { actor: "person", address: "127.0.0.1", isCurrent: false, expiresAt: lost.expiresAt },
      { actor: "person", isCurrent: true, expiresAt: own.expiresAt },
    ]);
    expect(JSON.stringify(listed)).not.toContain(own.cookie.split("=")[1]);
    const headers = { cookie: own.cookie, "x-csrf-token": own.csrfToken };
    const end = (id: unknown) => visit("DELETE", `/api/ai/sessions/${id}`, headers);
    expect((await end(listed.items[0]?.id)).status).toBe(204);
    expect((await visit("GET", "/api/ai/session", { cookie: lost.cookie })).status).toBe(401);
    expect(await problemOf(await end(listed.items[0]?.id))).toMatchObject({
      status: 404,
      code: "session_not_found",
    });
    const all = await answerOf<{ ended: number }>(visit("DELETE", "/api/ai/sessions", headers));
    expect(all.ended).toBeGreaterThan(0);
    expect((await visit("GET", "/api/ai/session", { cookie: own.cookie })).status).toBe(401);
    expect(await stack.database.prisma.session.count()).toBe(0);
  });

  it("is for this host and TLS alone where a trusted proxy has TLS", async () => {
    const headers = { "x-forwarded-proto": "https" };
    const response = await visit("POST", "/api/ai/session", headers, { key: stack.adminKey });
    const [attributes = ""] = response.headers.getSetCookie();
    expect(attributes).toMatch(
      /^__Host-understudy_session=[\w-]{43}; Path=\/; Expires=[^;]+ GMT; HttpOnly; Secure; SameSite=Strict$/,
    );
    expect(response.headers.get("strict-transport-security")).toBe("max-age=31536000");
    const [cookie = ""] = attributes.split(";");
    const statusOf = async (more: object, given = cookie) =>
      (await visit("GET", "/api/ai/session", { cookie: given, ...more })).status;
    expect(await statusOf(headers)).toBe(200);
    // One that another host of the domain may have set is not taken where there is TLS, and the other way round.
    expect(await statusOf(headers, cookie.replace("__Host-", ""))).toBe(401);
    expect(await statusOf({})).toBe(401);
    expect((await visit("GET", "/healthz")).headers.get("strict-transport-security")).toBeNull();
  });

  it("is given for a key that may do everything, and ends with it", async () => {
    const wrong = await visit("POST", "/api/ai/session", {}, { key: "us_test_wrong" });
    expect(await problemOf(wrong)).toMatchObject({ status: 401, code: "invalid_api_key" });
    const { key: app } = await makeKey(["jobs:read", "costs:read"]);
    const refused = await visit("POST", "/api/ai/session", {}, { key: app });
    expect(await problemOf(refused)).toMatchObject({ status: 403, code: "forbidden_scope" });
    const { key, id } = await makeKey(["admin"]);
    const { cookie } = await signIn(key);
    expect((await visit("GET", "/api/ai/admin/keys", { cookie })).status).toBe(200);
    await stack.request("DELETE", `/api/ai/admin/keys/${id}`);
    expect((await visit("GET", "/api/ai/admin/keys", { cookie })).status).toBe(401);
    expect((await visit("GET", "/admin/queues", { cookie, accept: "text/html" })).status).toBe(303);
  });

  it("ends with the secret that was shown, as do its job tokens", async () => {
    const { key, id } = await makeKey(["admin"]);
    const { cookie } = await signIn(key);
    const token = async (by: string) =>
      (
        await answerOf<JobToken>(
          stack.request("POST", `/api/ai/jobs/${jobId}/token`, undefined, {
            authorization: `Bearer ${by}`,
          }),
        )
      ).token;
    const old = await token(key);
    const rotate = async (graceSeconds: number) =>
      await answerOf<ApiKeySecret>(
        stack.request("POST", `/api/ai/admin/keys/${id}/rotate`, { graceSeconds }),
      );
    const isGood = async (headers: Record<string, string>) =>
      (await visit("GET", `/api/ai/jobs/${jobId}`, headers)).status === 200;
    await rotate(60);
    expect([await isGood({ cookie }), await isGood(bearer(old))]).toEqual([true, true]);
    const { key: next } = await rotate(0);
    expect([await isGood({ cookie }), await isGood(bearer(old))]).toEqual([false, false]);
    expect(await isGood(bearer(await token(next)))).toBe(true);
    expect(await isGood({ cookie: (await signIn(next)).cookie })).toBe(true);
  });

  it("opens Bull Board as well, with pages that run no script of others", async () => {
    const { cookie } = await signIn();
    const board = await visit("GET", "/admin/queues", { cookie });
    expect(board.status).toBe(200);
    expect(board.headers.get("content-security-policy")).toMatch(
      /script-src 'self';.*frame-ancestors 'none'/,
    );
    expect(board.headers.get("x-content-type-options")).toBe("nosniff");
  });
});

describe("pages of other sites", () => {
  const evil: Record<string, string>[] = [
    { origin: "https://evil.test" },
    { origin: "null" },
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site", origin: "http://other.localhost" },
  ];
  const ours = (): Record<string, string>[] => [{ "sec-fetch-site": "same-origin" }, { origin: stack.url }];
  const statusOf = async (method: string, path: string, headers: Record<string, string>) => {
    const body = new URLSearchParams({ key: stack.adminKey });
    return (await fetch(stack.url + path, { method, redirect: "manual", headers, body })).status;
  };

  it("sign nobody in or out", async () => {
    for (const headers of evil) {
      expect(await statusOf("POST", "/admin/sign-in", headers)).toBe(403);
    }
    const { cookie } = await signIn();
    for (const headers of [...evil, {}]) {
      expect(await statusOf("POST", "/admin/sign-out", { cookie, ...headers })).toBe(403);
    }
    expect((await visit("GET", "/api/ai/session", { cookie })).status).toBe(200);
    for (const headers of ours()) {
      expect(await statusOf("POST", "/admin/sign-in", headers)).toBe(303);
    }
    expect(await statusOf("POST", "/admin/sign-out", { cookie, ...ours()[0] })).toBe(303);
    expect((await visit("GET", "/api/ai/session", { cookie })).status).toBe(401);
  });

  it("change nothing in Bull Board", async () => {
    const { cookie } = await signIn();
    const pause = (headers: Record<string, string>) =>
      visit("PUT", "/admin/queues/api/queues/chat/pause", { cookie, ...headers });
    for (const headers of [...evil, {}]) {
      expect(await problemOf(await pause(headers))).toMatchObject({ status: 403, code: "foreign_page" });
    }
    // Read-only, as it says.
    for (const headers of ours()) expect((await pause(headers)).status).toBe(405);
  });
});

describe("sign-ins that fail", () => {
  const tryKey = (address: string, key = "us_test_wrong") =>
    visit("POST", "/api/ai/session", { "x-forwarded-for": address }, { key });
  const statuses = async (tries: Promise<Response>[]) => {
    const counts: Record<number, number> = {};
    for (const { status } of await Promise.all(tries)) counts[status] = (counts[status] ?? 0) + 1;
    return counts;
  };
  const many = (count: number, one: (index: number) => Promise<Response>) =>
    statuses(Array.from({ length: count }, (_, index) => one(index)));

  it("are few from one address, each on record, and tell who may try how long to wait", async () => {
    const from = new Date();
    const { key } = await makeKey(["admin"]);
    expect(await many(60, () => tryKey("203.0.113.7"))).toEqual({ 401: 10, 429: 50 });
    const refused = await tryKey("203.0.113.7", key);
    expect(await problemOf(refused)).toMatchObject({ code: "too_many_sign_ins", retryable: true });
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(60);
    const form = new URLSearchParams({ key });
    const headers = { "x-forwarded-for": "203.0.113.7" };
    const page = await fetch(`${stack.url}/admin/sign-in`, { method: "POST", headers, body: form });
    expect([page.status, await page.text()]).toEqual([429, expect.stringContaining("Try again in")]);
    // Who has the key of the environment is locked out by nobody.
    expect((await tryKey("203.0.113.7", stack.adminKey)).status).toBe(200);

    const rows = await stack.database.prisma.auditEntry.findMany({
      where: { operation: "signIn", createdAt: { gte: from }, outcome: "invalid_api_key" },
    });
    expect(rows).toHaveLength(10);
    expect(rows[0]).toMatchObject({ actor: "nobody", changes: { address: "203.0.113.7" } });
    const metrics = await (await fetch(`${stack.url}/metrics`)).text();
    expect(metrics).toMatch(/understudy_sign_ins_total\{outcome="invalid_api_key"[^}]*\} [1-9]/);
    expect(metrics).toMatch(/understudy_sign_ins_total\{outcome="too_many_sign_ins"[^}]*\} 5[0-9]/);
    expect(metrics).toMatch(
      /understudy_refused_requests_total\{key="nobody",code="invalid_api_key"[^}]*\} [1-9]/,
    );
    expect(stack.api.output()).toMatch(
      /"address":"203.0.113.7","code":"invalid_api_key".*"nobody was signed in"/,
    );
  });

  it("are no fault of who signs in: that counts for nothing", async () => {
    const { key } = await makeKey(["admin"]);
    expect(await many(30, () => tryKey("203.0.113.8", key))).toMatchObject({ 200: expect.any(Number) });
    for (let tries = 0; tries < 15; tries++) expect((await tryKey("203.0.113.9", key)).status).toBe(200);
  });

  it("count for a network of 64 bits, which one subscriber has", async () => {
    const counts = await many(14, (index) => tryKey(`2001:db8:1:2:${index}::${index}`));
    expect(counts).toEqual({ 401: 10, 429: 4 });
    expect((await tryKey("2001:db8:1:2::9")).status).toBe(429);
    expect((await tryKey("2001:db8:1:3::9")).status).toBe(401);
  });

  it("are bounded from all addresses together", async () => {
    // Its minute begins with the first of these.
    const redis = connectRedis(stack.redis.url, "producer");
    await eventually(async () => void (await redis.del(await redis.keys("understudy:sign-in:*"))));
    redis.disconnect();
    const counts = await many(150, (index) => tryKey(`198.51.100.${index}`));
    expect(counts[401]).toBeLessThanOrEqual(100);
    expect(counts[429]).toBeGreaterThanOrEqual(50);
    expect((await tryKey("192.0.2.1")).status).toBe(429);
  });
});
