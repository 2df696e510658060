import { afterAll, beforeAll, expect } from "@jest/globals";
import type { ApiKeySecret, Scope, Session } from "@understudy/contracts";
import { eventually, type Stack, startStack } from "@understudy/testkit";

/** Of a suite; each key has few requests a second. */
export let stack: Stack;
/** Of a job that has ended. */
export let jobId: string;

beforeAll(async () => {
  stack = await startStack({
    environment: {
      ...{ API_KEY_RATE: "1", API_KEY_BURST: "15", API_KEY_ENVIRONMENT: "test" },
      TRUST_PROXY: "loopback",
    },
  });
  jobId = await stack.submit("test", { creatorId: "psy", input: { prompt: "hello" } });
  await eventually(async () => expect(await stack.job(jobId)).toHaveProperty("finishedAt"));
});

afterAll(() => stack.stop());

export const answerOf = async <Answer>(response: Response | Promise<Response>) =>
  (await (await response).json()) as Answer;

export async function makeKey(scopes: Scope[], more: object = {}): Promise<ApiKeySecret> {
  const made = await stack.request("POST", "/api/ai/admin/keys", { name: "app", scopes, ...more });
  expect(made.status).toBe(201);
  return await answerOf(made);
}

/** A request as a browser sends it: without a key. */
export const visit = (method: string, path: string, headers: Record<string, string> = {}, body?: object) =>
  fetch(stack.url + path, {
    method,
    redirect: "manual",
    headers: { ...(body && { "content-type": "application/json" }), ...headers },
    ...(body && { body: JSON.stringify(body) }),
  });

export const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

export async function signIn(key = stack.adminKey) {
  const response = await visit("POST", "/api/ai/session", {}, { key });
  expect(response.status).toBe(200);
  const [cookie = ""] = response.headers.getSetCookie();
  return { cookie: cookie.split(";")[0] ?? "", attributes: cookie, ...(await answerOf<Session>(response)) };
}
