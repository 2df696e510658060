import { afterEach, describe, expect, it } from "@jest/globals";
import type { ApiKeySecret, AuditEntry, Creator, Job, JobToken, Session } from "@understudy/contracts";
import {
  eventually,
  type ProcessClock,
  type Stack,
  startProcessClock,
  startStack,
} from "@understudy/testkit";

let clock: ProcessClock;
let stack: Stack;

afterEach(async () => {
  await stack.stop();
  await clock.remove();
});

const minuteMs = 60_000;

/** A moment so far from now, as text. */
const inMs = (ms: number) => new Date(Date.now() + ms).toISOString();

/** That a text tells a moment so far from now, to some seconds. */
function expectAround(text: string | null | undefined, ms = 0): void {
  expect(Math.abs(Date.parse(text ?? "") - Date.now() - ms)).toBeLessThan(10_000);
}

async function answer<Answer>(method: string, path: string, body?: object): Promise<Answer> {
  const response = await stack.request(method, path, body);
  expect([path, response.status < 300]).toEqual([path, true]);
  return (await response.json()) as Answer;
}

/** The status of an answer to whoever shows this. */
const statusFor = async (path: string, headers: Record<string, string>) =>
  (await fetch(stack.url + path, { headers })).status;
const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` });

const makeKey = (more: object = {}) =>
  answer<ApiKeySecret>("POST", "/api/ai/admin/keys", { name: "app", scopes: ["jobs:read"], ...more });

describe.each([
  ["ahead", 10 * minuteMs],
  ["behind", -10 * minuteMs],
])("an API whose clock is 10 min %s", (_title, skewMs) => {
  it("goes by Postgres' clock", async () => {
    clock = await startProcessClock(skewMs);
    stack = await startStack({ workers: 0, environment: clock.environment });

    // Keys end when they should, and so do the secrets before a rotation.
    const [lasting, brief] = await Promise.all([
      makeKey({ expiresAt: inMs(minuteMs) }),
      makeKey({ expiresAt: inMs(3_000) }),
    ]);
    expect([lasting.status, lasting.expiresAt]).toEqual(["active", expect.any(String)]);
    for (const at of [lasting.createdAt, lasting.updatedAt]) expectAround(at);
    const path = `/api/ai/admin/keys/${lasting.id}`;
    const rotated = await answer<ApiKeySecret>("POST", `${path}/rotate`, { graceSeconds: 60 });
    expectAround(rotated.previousSecretUntil, minuteMs);
    expectAround(rotated.updatedAt);
    for (const { key } of [lasting, rotated]) expect(await statusFor("/api/ai/jobs", bearer(key))).toBe(200);
    await eventually(async () => expect(await statusFor("/api/ai/jobs", bearer(brief.key))).toBe(401), 8_000);

    // A job that waits for a time says so as long as it does.
    const waiting = await stack.submit("test", {
      creatorId: "psy",
      input: { prompt: "hello" },
      options: { notBefore: inMs(minuteMs) },
    });
    const job = await answer<Job>("GET", `/api/ai/jobs/${waiting}`);
    expect([job.status, job.waitingFor]).toEqual(["queued", "time"]);
    expectAround(job.createdAt);
    expectAround(job.admission?.estimatedStartAt, minuteMs);

    // Tokens and sessions, also once the clock has gone to the other side.
    const tokenFor = (expiresInSeconds: number) =>
      answer<JobToken>("POST", `/api/ai/jobs/${waiting}/token`, { expiresInSeconds });
    const token = await tokenFor(60);
    expectAround(token.expiresAt, minuteMs);
    const signedIn = await stack.request("POST", "/api/ai/session", { key: stack.adminKey });
    expectAround(((await signedIn.json()) as Session).expiresAt, 12 * 60 * minuteMs);
    const [set = ""] = signedIn.headers.getSetCookie();
    expectAround(/Expires=([^;]+)/.exec(set)?.[1], 12 * 60 * minuteMs);
    const [cookie = ""] = set.split(";");
    for (const skew of [skewMs, -skewMs]) {
      clock.set(skew);
      expect(await statusFor(`/api/ai/jobs/${waiting}`, bearer(token.token))).toBe(200);
      expect(await statusFor("/api/ai/session", { cookie })).toBe(200);
    }
    clock.set(skewMs);
    const short = await tokenFor(1);
    await eventually(
      async () => expect(await statusFor(`/api/ai/jobs/${waiting}`, bearer(short.token))).toBe(401),
      8_000,
    );

    // What it writes down, and says of its answer.
    const creator = await answer<Creator>("POST", "/api/ai/creators/psy/pause");
    expectAround(creator.pausedAt);
    const { items } = await answer<{ items: AuditEntry[] }>("GET", "/api/ai/admin/audit");
    for (const { at } of items) expectAround(at);
    expect(items.length).toBeGreaterThan(3);
    const [row] = await stack.database.prisma.creator.findMany({ where: { id: "psy" } });
    for (const at of [row?.createdAt, row?.updatedAt]) expectAround(at?.toISOString());
    expectAround((await stack.request("GET", "/healthz")).headers.get("date"));
    const price = {
      model: "gemini-3.5-flash-lite",
      inputUsd: "1",
      outputUsd: "1",
      cachedUsd: "1",
      source: "test",
    };
    await answer("POST", "/api/ai/admin/prices", { ...price, validFrom: inMs(90_000) });
    const early = await stack.request("POST", "/api/ai/admin/prices", { ...price, validFrom: inMs(30_000) });
    expect(early.status).toBe(400);
  });
});
