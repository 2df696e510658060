import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, test } from "@jest/globals";
import { ApiClient } from "../../client/api-client.ts";
import { ResultAwaiter } from "../await-results.ts";
import type { Outcome } from "../outcome.ts";
import { submissionOf, submitMessage } from "../submit.ts";
import { jobWith, messageAt } from "./jobs.ts";

type Handler = (request: IncomingMessage & { json: unknown }, respond: Respond, raw: ServerResponse) => void;
type Respond = (status: number, body?: unknown, headers?: Record<string, string>) => void;

let server: Server | undefined;
let api: ApiClient | undefined;

async function serve(handler: Handler, options: { patienceMs?: number } = {}): Promise<ApiClient> {
  server = createServer(async (request, response) => {
    const body = await text(request);
    const respond: Respond = (status, answer, headers = {}) => {
      response.writeHead(status, { "content-type": "application/json", ...headers });
      response.end(answer === undefined ? undefined : JSON.stringify(answer));
    };
    handler(Object.assign(request, { json: body === "" ? undefined : JSON.parse(body) }), respond, response);
  });
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  api = new ApiClient(`http://127.0.0.1:${port}/base/`, { key: "us_k", connections: 4, ...options });
  return api;
}

afterEach(async () => {
  await api?.close();
  server?.closeAllConnections();
  await new Promise((resolve) => server?.close(resolve));
});

const run = { id: "replay_1", agent: "chat" };

describe("submitting", () => {
  test("a fan message goes to the chat route, marked with run and line", async () => {
    let seen: unknown;
    const client = await serve((request, respond) => {
      const { authorization, "idempotency-key": key } = request.headers;
      seen = [request.method, request.url, authorization, key, request.json];
      respond(202, { id: "job_1" });
    });
    expect(await submitMessage(client, messageAt(5), run)).toEqual({ jobId: "job_1" });
    const options = { priority: 200, metadata: { replayRun: "replay_1", line: "7" } };
    const body = { creatorId: "psy", fanId: "fan", message: "text 5", options };
    expect(seen).toEqual(["POST", "/base/api/ai/chat", "Bearer us_k", "replay_1-7", body]);
  });

  test("other agents get the message in their own words", () => {
    const bodyFor = (agent: string) => submissionOf(messageAt(0), { id: "r", agent });
    expect(bodyFor("compliance")).toMatchObject({
      path: "/api/ai/agents/compliance/jobs",
      body: { creatorId: "psy", input: { content: "text 0" } },
    });
    expect(bodyFor("messaging").body).toMatchObject({ input: { fanId: "fan", message: "text 0" } });
    expect(bodyFor("test").body).toMatchObject({ input: { prompt: "text 0" } });
  });

  test("a cut connection, 503, 429 and a first try still under way are tried again with the same key", async () => {
    const keys: unknown[] = [];
    const client = await serve((request, respond, raw) => {
      keys.push(request.headers["idempotency-key"]);
      if (keys.length === 1) raw.destroy();
      else if (keys.length === 2)
        respond(503, { code: "unavailable", retryable: true }, { "retry-after": "0" });
      else if (keys.length === 3)
        respond(429, { code: "lane_full", retryable: true }, { "retry-after": "0" });
      else if (keys.length === 4) respond(409, { code: "in_flight", retryable: true });
      else respond(202, { id: "job_1" });
    });
    expect(await submitMessage(client, messageAt(0), run)).toEqual({ jobId: "job_1" });
    expect(keys).toEqual(Array(5).fill("replay_1-2"));
  });

  test("Retry-After is honoured", async () => {
    const times: number[] = [];
    const client = await serve((_request, respond) => {
      times.push(Date.now());
      if (times.length === 1) respond(429, {}, { "retry-after": "1" });
      else respond(202, { id: "job_1" });
    });
    await submitMessage(client, messageAt(0), run);
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(990);
  });

  test("a refusal is not repeated, and told with its code", async () => {
    let requests = 0;
    const client = await serve((_request, respond) => {
      requests += 1;
      respond(402, { code: "quota_exceeded", detail: "no room", retryable: false });
    });
    expect(await submitMessage(client, messageAt(0), run)).toEqual({
      kind: "notAccepted",
      code: "quota_exceeded",
      detail: "no room",
    });
    expect(requests).toBe(1);
  });

  test("an API that stays away ends the patience; a bad key ends the run", async () => {
    const gone = await serve((_request, _respond, raw) => raw.destroy(), { patienceMs: 1 });
    expect(await submitMessage(gone, messageAt(0), run)).toMatchObject({
      kind: "notAccepted",
      code: "no_answer",
    });
    await gone.close();
    server?.close();
    const strict = await serve((_request, respond) => respond(401, { code: "invalid_api_key" }));
    await expect(submitMessage(strict, messageAt(0), run)).rejects.toMatchObject({
      name: "CommandError",
      exitCode: 1,
    });
  });
});

describe("awaiting results", () => {
  /** Jobs that end one after the other, as a lane lets them go; tells how often it was asked. */
  function lane(endEveryMs: number): { handler: Handler; polls: () => number } {
    const begin = Date.now();
    let polls = 0;
    const handler: Handler = (request, respond) => {
      polls += 1;
      const id = request.url?.split("/").at(-1) ?? "";
      const index = Number(id.replace("job_", ""));
      const ended = Date.now() - begin >= (index + 1) * endEveryMs;
      respond(200, jobWith({ id, status: ended ? "completed" : "queued", attempts: ended ? 1 : 0 }));
    };
    return { handler, polls: () => polls };
  }

  test("every job's end is seen, and waiting jobs are not asked for in vain", async () => {
    const { handler, polls } = lane(5);
    const client = await serve(handler);
    const awaiter = new ResultAwaiter(client, { concurrency: 4 });
    const ids = Array.from({ length: 100 }, (_, index) => `job_${index}`);
    const outcomes = await Promise.all(ids.map((id) => awaiter.outcomeOf(id, "psy")));
    awaiter.stop();
    expect(outcomes.map((outcome) => outcome.kind === "ended" && outcome.job.id)).toEqual(ids);
    // All hundred every 50 ms would be a thousand.
    expect(polls()).toBeLessThan(300);
  });

  test("one slow job holds up nobody", async () => {
    const client = await serve((request, respond) => {
      const slow = request.url?.endsWith("job_slow") === true;
      respond(200, jobWith(slow ? { id: "job_slow", status: "running", attempts: 1 } : { id: "job_fast" }));
    });
    const stop = new AbortController();
    const awaiter = new ResultAwaiter(client, { concurrency: 4, signal: stop.signal });
    const slow = awaiter.outcomeOf("job_slow", "psy");
    const fast = await awaiter.outcomeOf("job_fast", "psy");
    expect(fast.kind).toBe("ended");
    stop.abort();
    expect(await slow).toEqual({ kind: "unfinished", jobId: "job_slow", code: "interrupted" });
    awaiter.stop();
  });

  test("an API that restarts loses nothing; a job that it doesn't know is lost", async () => {
    let polls = 0;
    const client = await serve((request, respond, raw) => {
      polls += 1;
      if (polls <= 3) raw.destroy();
      else if (request.url?.endsWith("job_gone")) respond(404, { code: "job_not_found" });
      else respond(200, jobWith());
    });
    const awaiter = new ResultAwaiter(client, { concurrency: 1 });
    const outcomes = await Promise.all([
      awaiter.outcomeOf("job_1", "psy"),
      awaiter.outcomeOf("job_gone", "psy"),
    ]);
    awaiter.stop();
    expect(outcomes.map(({ kind }) => kind)).toEqual(["ended", "unfinished"]);
    expect(outcomes[1]).toMatchObject({ code: "job_not_found" });
  });

  test.each<[Outcome["kind"], "worker" | "token"]>([
    ["unfinished", "worker"],
    ["ended", "token"],
  ])("a standstill ends as %s when the jobs wait for a %s", async (kind, waitingFor) => {
    const begin = Date.now();
    const client = await serve((_request, respond) => {
      const ended = Date.now() - begin > 2_500;
      respond(200, ended ? jobWith() : jobWith({ status: "queued", waitingFor, attempts: 0 }));
    });
    const awaiter = new ResultAwaiter(client, { concurrency: 1, stallMs: 500 });
    expect((await awaiter.outcomeOf("job_1", "psy")).kind).toBe(kind);
    awaiter.stop();
  });
});
