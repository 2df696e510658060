import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import {
  AuthenticationError,
  BudgetExceededError,
  ConflictError,
  ConnectionError,
  NotFoundError,
  PermissionError,
  QuotaExceededError,
  RateLimitError,
  RequestTimeoutError,
  ServerError,
  Understudy,
  UnderstudyError,
  type UnderstudyOptions,
  ValidationError,
} from "../src/index.ts";
import { accepted, cut, json, problem, startScriptedApi } from "./scripted-api.ts";

type Api = Awaited<ReturnType<typeof startScriptedApi>>;

let api: Api;
const job = { creatorId: "psy", prompt: "Hi" };

async function clientOf(
  script: Parameters<typeof startScriptedApi>,
  options: Partial<UnderstudyOptions> = {},
) {
  api = await startScriptedApi(...script);
  return new Understudy({ apiKey: "us_test_1_secret", baseUrl: `${api.url}/`, ...options });
}

async function errorOf(promise: PromiseLike<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("It did not fail.");
}

beforeEach(() => {
  // No jitter, so that tests wait for nothing but what a server asks for.
  jest.spyOn(Math, "random").mockReturnValue(0);
});

afterEach(async () => {
  jest.restoreAllMocks();
  await api.close();
});

describe("a job's POST", () => {
  it("is tried again under one key where the network fails, and what stands before the API", async () => {
    const understudy = await clientOf([
      cut,
      json(502, {}),
      problem(500, "internal_error", { retryable: true }),
      accepted,
    ]);
    const { id } = await understudy.test(job);
    expect(id).toBe("job_1");
    expect(api.seen).toHaveLength(4);
    expect(new Set(api.seen.map(({ headers }) => headers["idempotency-key"])).size).toBe(1);
    expect(new Set(api.seen.map(({ body }) => body)).size).toBe(1);
    expect(api.seen[0]).toMatchObject({
      method: "POST",
      url: "/api/ai/test",
      headers: { authorization: "Bearer us_test_1_secret" },
    });
    await understudy.test(job);
    expect(api.seen[4]?.headers["idempotency-key"]).not.toBe(api.seen[0]?.headers["idempotency-key"]);
    await understudy.test(job, { idempotencyKey: "mine" });
    expect(api.seen[5]?.headers["idempotency-key"]).toBe("mine");
  });

  it("is tried again while an earlier try is still being accepted", async () => {
    const inFlight = problem(409, "idempotency_in_flight", { retryable: true }, { "retry-after": "1" });
    const understudy = await clientOf([inFlight, accepted]);
    expect((await understudy.chat({ creatorId: "psy", fanId: "f", message: "Hi" })).id).toBe("job_1");
  });

  it("waits as long as it is asked to, and leaves to the caller what is longer than a minute", async () => {
    const full = (seconds: string) =>
      problem(429, "lane_full", { retryable: true }, { "retry-after": seconds });
    const understudy = await clientOf([full("1"), accepted, full("61")]);
    const startedAt = Date.now();
    await understudy.test(job);
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(1_000);
    const error = await errorOf(understudy.test(job));
    expect(error).toBeInstanceOf(RateLimitError);
    expect(error).toMatchObject({ code: "lane_full", status: 429, retryAfter: 61, retryable: true });
    expect(api.seen).toHaveLength(3);
  });

  it("is given up after maxRetries, and is not tried again where that can't help", async () => {
    const understudy = await clientOf([cut], { maxRetries: 2 });
    expect(await errorOf(understudy.test(job))).toBeInstanceOf(ConnectionError);
    expect(api.seen).toHaveLength(3);
    await api.close();
    const refused = await clientOf([problem(400, "invalid_request")]);
    await errorOf(refused.test(job));
    expect(api.seen).toHaveLength(1);
  });

  it("asks the API to hold its answer where the end is wanted at once", async () => {
    const finished = json(200, {
      id: "job_1",
      status: "completed",
      result: { text: "Hello" },
      usage: { costUsd: "0.1" },
    });
    const understudy = await clientOf([finished]);
    expect(await understudy.test(job).result()).toEqual({ text: "Hello" });
    await understudy.test(job).wait({ timeoutMs: 3_500 });
    await understudy.test(job).wait({ timeoutMs: 900 });
    expect(api.seen.map(({ headers }) => headers.prefer)).toEqual(["wait=20", "wait=3", undefined]);
  });

  it("can be aborted", async () => {
    const understudy = await clientOf([() => {}]);
    const reason = new Error("enough");
    const aborting = AbortSignal.abort(reason);
    expect(await errorOf(understudy.test(job, { signal: aborting }))).toBe(reason);
    const later = new AbortController();
    const pending = errorOf(understudy.test(job, { signal: later.signal }));
    setTimeout(() => later.abort(reason), 20);
    expect(await pending).toBe(reason);
  });
});

describe("other requests", () => {
  it("are tried again only where twice is no more than once", async () => {
    const understudy = await clientOf([cut, json(200, { items: [] }), cut]);
    await understudy.webhooks.list().page();
    const create = understudy.webhooks.create({ url: "https://app.test", events: ["job.completed"] });
    expect(await errorOf(create)).toBeInstanceOf(ConnectionError);
    expect(api.seen).toHaveLength(3);
  });

  it("are tried again where they were refused before anything was done", async () => {
    const limited = problem(429, "rate_limited", { retryable: true }, { "retry-after": "1" });
    const understudy = await clientOf([limited, json(201, { id: "end_1" })]);
    const endpoint = await understudy.webhooks.create({ url: "https://app.test", events: ["job.completed"] });
    expect(endpoint.id).toBe("end_1");
  });

  it("time out", async () => {
    const understudy = await clientOf([() => {}], { timeoutMs: 50, maxRetries: 0 });
    expect(await errorOf(understudy.jobs.get("job_1"))).toBeInstanceOf(RequestTimeoutError);
  });

  it("go through all pages of a list, in order", async () => {
    const understudy = await clientOf([
      json(200, { items: [{ id: "a" }, { id: "b" }], nextCursor: "c+1" }),
      json(200, { items: [{ id: "c" }] }),
    ]);
    const ids: string[] = [];
    for await (const { id } of understudy.creators.list({ q: "x y", limit: undefined })) ids.push(id);
    expect(ids).toEqual(["a", "b", "c"]);
    expect(api.seen.map(({ url }) => url)).toEqual([
      "/api/ai/creators?q=x+y",
      "/api/ai/creators?q=x+y&cursor=c%2B1",
    ]);
  });

  it("carry a session's token where they change something", async () => {
    const understudy = await clientOf(
      [json(200, { csrfToken: "csrf_1", expiresAt: "2026-11-26T10:00:00.000Z" }), json(200, {})],
      { apiKey: undefined, credentials: "same-origin" },
    );
    await understudy.session.signIn("us_admin");
    await understudy.creators.get("psy");
    await understudy.creators.pause("psy");
    expect(api.seen.map(({ headers }) => headers["x-csrf-token"])).toEqual([undefined, undefined, "csrf_1"]);
    expect(api.seen.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined, undefined]);
  });

  it("say so where baseUrl is not the API's", async () => {
    const page = (response: import("node:http").ServerResponse) =>
      void response.writeHead(200, { "content-type": "text/html" }).end("<html>");
    const understudy = await clientOf([page]);
    expect(await errorOf(understudy.jobs.get("job_1"))).toMatchObject({
      code: "not_the_api",
      message: expect.stringContaining("baseUrl"),
    });
    expect(() => new Understudy({ baseUrl: "localhost:3000" })).toThrow(/http:\/\//);
  });
});

describe("errors", () => {
  it.each([
    [400, ValidationError],
    [401, AuthenticationError],
    [403, PermissionError],
    [404, NotFoundError],
    [409, ConflictError],
    [422, ValidationError],
    [500, ServerError],
    [418, UnderstudyError],
  ])("of %d are of a kind", async (status, kind) => {
    const errors = [{ pointer: "#/message", detail: "must not be empty" }];
    const understudy = await clientOf([problem(status, "some_code", { errors, more: 1 })], { maxRetries: 0 });
    const error = await errorOf(understudy.jobs.get("job_1"));
    expect(error).toBeInstanceOf(kind);
    expect(error).toMatchObject({
      code: "some_code",
      status,
      requestId: "req_1",
      retryable: false,
      message: "It is some_code.",
      errors,
      problem: { more: 1 },
    });
  });

  it("of money have the figures", async () => {
    const figures = { spentUsd: "9.5", heldUsd: "0.4", requiredUsd: "0.2" };
    const quota = { plan: "starter", quotaUsd: "10", resetsAt: "2026-12-01T00:00:00.000Z", ...figures };
    const budget = { budget: "platform", budgetUsd: "100", ...figures };
    const understudy = await clientOf([
      problem(402, "quota_exceeded", quota),
      problem(402, "budget_exceeded", budget),
    ]);
    const first = await errorOf(understudy.test(job));
    expect(first).toBeInstanceOf(QuotaExceededError);
    expect(first).toMatchObject({ ...quota, resetsAt: new Date(quota.resetsAt) });
    const second = await errorOf(understudy.test(job));
    expect(second).toBeInstanceOf(BudgetExceededError);
    expect(second).toMatchObject(budget);
  });
});

describe("checkCreatorRateLimit", () => {
  const limits = { ratePerHour: 100, burst: 20, waiting: 0, paused: false };

  it("throws with the seconds until the next token, by the server's clock", async () => {
    const date = new Date("2030-01-01T00:00:00Z");
    const nextTokenAt = new Date(date.getTime() + 35_200).toISOString();
    const none = json(200, { ...limits, remaining: 0, nextTokenAt }, { date: date.toUTCString() });
    const some = { ...limits, remaining: 1, nextTokenAt };
    const understudy = await clientOf([none, json(200, some), problem(404, "creator_not_found")]);
    const { checkCreatorRateLimit } = understudy;
    const error = await errorOf(checkCreatorRateLimit("psy"));
    expect(error).toBeInstanceOf(RateLimitError);
    expect(error).toMatchObject({ code: "no_token_left", retryAfter: 36 });
    expect(await checkCreatorRateLimit("psy")).toEqual(some);
    expect(await checkCreatorRateLimit("new")).toBeNull();
  });
});
