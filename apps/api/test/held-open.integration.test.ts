import { afterAll, beforeAll, expect, it } from "@jest/globals";
import type { ApiKeySecret, JobToken } from "@understudy/contracts";
import { eventually, type Stack, startStack } from "@understudy/testkit";
import { problemOf } from "./problem-of.ts";

let stack: Stack;
let jobId: string;
/** Ends all requests that are held open. */
let leave: AbortController;

beforeAll(async () => {
  stack = await startStack({ workers: 0 });
  await stack.request("PUT", "/api/ai/creators/psy", { plan: "business" });
  await stack.request("POST", "/api/ai/creators/psy/pause");
  jobId = await stack.submit("test", { creatorId: "psy", input: { prompt: "hello" } });
  leave = new AbortController();
});

afterAll(async () => {
  leave.abort();
  await stack.stop();
});

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

it("a job's token follows it twenty times at once, and again once one of them has left", async () => {
  const asked = await stack.request("POST", `/api/ai/jobs/${jobId}/token`, {});
  const { token } = (await asked.json()) as JobToken;
  const first = new AbortController();
  const follow = (signal: AbortSignal = leave.signal) =>
    fetch(`${stack.url}/api/ai/jobs/${jobId}/events`, { headers: bearer(token), signal });
  const open = await Promise.all([follow(first.signal), ...Array.from({ length: 19 }, () => follow())]);
  expect(open.map(({ status }) => status)).toEqual(Array(20).fill(200));
  const refused = await follow();
  expect(refused.headers.get("retry-after")).toBe("5");
  expect(await problemOf(refused)).toMatchObject({ status: 429, code: "too_many_streams", retryable: true });
  // Nobody else is kept from following it.
  const other = await stack.request("GET", `/api/ai/jobs/${jobId}/events`);
  expect(other.status).toBe(200);
  await other.body?.cancel();
  first.abort();
  await eventually(async () => expect((await follow()).status).toBe(200));
});

it("a key waits for a hundred jobs at once; the answer to more comes at once, and each is accepted", async () => {
  const made = await stack.request("POST", "/api/ai/admin/keys", { name: "app", scopes: ["jobs:write"] });
  const { key } = (await made.json()) as ApiKeySecret;
  const answered: number[] = [];
  for (let count = 0; count < 105; count++) {
    fetch(`${stack.url}/api/ai/test`, {
      method: "POST",
      headers: { ...bearer(key), "content-type": "application/json", prefer: "wait=55" },
      body: JSON.stringify({ creatorId: "psy", prompt: "hello" }),
      signal: leave.signal,
    }).then(
      ({ status, headers }) => answered.push(headers.has("preference-applied") ? -1 : status),
      () => {},
    );
  }
  await eventually(() => expect(answered).toEqual([202, 202, 202, 202, 202]));
  expect(await stack.database.prisma.job.count({ where: { apiKeyId: { not: null } } })).toBe(105);
});
