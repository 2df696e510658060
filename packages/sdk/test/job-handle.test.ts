import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { ConnectionError, type JobEvent, NotFoundError, Understudy, WaitTimeoutError } from "../src/index.ts";
import { cut, events, json, problem, startScriptedApi } from "./scripted-api.ts";

let api: Awaited<ReturnType<typeof startScriptedApi>>;
const running = { status: "running", attempts: 1 };
const done = { id: "job_1", status: "completed", result: { text: "Hello" } };

async function handleOf(...script: Parameters<typeof startScriptedApi>) {
  api = await startScriptedApi(...script);
  const understudy = new Understudy({ apiKey: "usjt_1", baseUrl: api.url, maxRetries: 0 });
  return understudy.jobs.handle<{ text: string }>("job_1");
}

/** What was asked for, and after which event. */
function asked(): [string, string | undefined][] {
  return api.seen.map(({ url, headers }) => [
    url.replace("/api/ai/jobs/job_1", ""),
    headers["last-event-id"] as string | undefined,
  ]);
}

beforeEach(() => {
  jest.spyOn(Math, "random").mockReturnValue(0);
});

afterEach(async () => {
  jest.restoreAllMocks();
  await api.close();
});

describe("a stream", () => {
  it("goes on where it stopped, over whatever happens to its connections", async () => {
    const handle = await handleOf(
      cut,
      events(["status", "1", running], ["token", "2", { text: "Hel" }]),
      problem(503, "unavailable", { retryable: true }, { "retry-after": "1" }),
      events(),
      events(["later", "3", {}], ["token", "4", { text: "lo" }], ["done", "5", done]),
    );
    const seen: JobEvent[] = [];
    for await (const event of handle.stream()) seen.push(event);
    expect(seen).toEqual([
      { event: "status", id: "1", data: running },
      { event: "token", id: "2", data: { text: "Hel" } },
      { event: "token", id: "4", data: { text: "lo" } },
      { event: "done", id: "5", data: done },
    ]);
    const path = "/events";
    expect(asked()).toEqual([
      [path, undefined],
      [path, undefined],
      [path, "2"],
      [path, "2"],
      [path, "2"],
    ]);
  });

  it("ends where all is told, and throws what no other try gets over", async () => {
    const handle = await handleOf((response) => response.writeHead(204).end(), problem(404, "job_not_found"));
    for await (const event of handle.stream({ lastEventId: "5" })) throw new Error(event.event);
    await expect(handle.stream().next()).rejects.toBeInstanceOf(NotFoundError);
  });

  it("stops by a signal while it is silent", async () => {
    const handle = await handleOf((response) => {
      response.writeHead(200, { "content-type": "text/event-stream" }).write(": here\n\n");
    });
    const stop = new AbortController();
    const next = handle.stream({ signal: stop.signal }).next();
    const reason = new Error("enough");
    setTimeout(() => stop.abort(reason), 50);
    await expect(next).rejects.toBe(reason);
  });

  it("is given up when the API is away for two minutes", async () => {
    const handle = await handleOf(cut);
    const start = Date.now();
    // Each look at the clock is half a minute later.
    let looks = 0;
    jest.spyOn(Date, "now").mockImplementation(() => start + 30_000 * looks++);
    await expect(handle.stream().next()).rejects.toBeInstanceOf(ConnectionError);
    expect(api.seen.length).toBeGreaterThan(1);
  });
});

describe("a wait", () => {
  it("asks for the job where its stream ends, and only asks where streams tell nothing", async () => {
    const handle = await handleOf(
      events(["status", "1", running]),
      json(200, { ...done, status: "running" }),
      events(),
      json(200, { ...done, status: "running" }),
      events(),
      json(200, { ...done, status: "running" }),
      json(200, { ...done, status: "running" }),
      json(200, done),
    );
    expect(await handle.result()).toEqual({ text: "Hello" });
    expect(asked().map(([path]) => path)).toEqual(["/events", "", "/events", "", "/events", "", "", ""]);
  });

  it("outlives an API that is away", async () => {
    const handle = await handleOf(
      cut,
      cut,
      problem(503, "unavailable", { retryable: true }),
      cut,
      events(["done", "1", done]),
    );
    expect(await handle.wait()).toEqual(done);
  });

  it("of weeks is not over at once", async () => {
    const handle = await handleOf(
      events(["status", "1", running]),
      json(200, { ...done, status: "running" }),
      events(["done", "1", done]),
    );
    expect(await handle.wait({ timeoutMs: 60 * 86_400_000 })).toEqual(done);
  });

  it("ends in time while the API does not answer at all", async () => {
    const handle = await handleOf(() => {});
    await expect(handle.wait({ timeoutMs: 100 })).rejects.toBeInstanceOf(WaitTimeoutError);
  });
});
