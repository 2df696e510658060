import { once } from "node:events";
import { type AddressInfo, connect } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { type Job, jobEvents } from "@understudy/contracts";
import { connectRedis, JobEndings, JobNews, JobStreams } from "@understudy/queues";
import { createLogger } from "@understudy/service";
import { assertInvariants, eventually, type Stack, startStack } from "@understudy/testkit";
import express, { type RequestHandler } from "express";
import { AuditLog } from "../src/audit/audit-log.ts";
import { JobWatch } from "../src/events/job-watch.ts";
import type { JobEventSources } from "../src/events/tell-job.ts";
import { adminCaller, type Caller, noteCaller } from "../src/http/caller.ts";
import { mountRoutes } from "../src/http/mount-routes.ts";
import { ProblemError } from "../src/http/problem-error.ts";
import { eventRoutes } from "../src/routes/event-routes.ts";
import { EventStream, textOf } from "./event-stream.ts";
import { expectWhole, followMany } from "./many-streams.ts";
import { problemOf } from "./problem-of.ts";

let stack: Stack;
const accepted: string[] = [];

beforeAll(async () => {
  stack = await startStack();
  await stack.request("PUT", "/api/ai/creators/psy", {
    plan: "business",
    bucket: { ratePerHour: 1_000_000, burst: 1_000 },
  });
});

afterAll(() => stack.stop());

async function submit(message: string, agent = "messaging"): Promise<string> {
  const id = await stack.submit(agent, { creatorId: "psy", input: { fanId: "f", message, history: [] } });
  accepted.push(id);
  return id;
}

async function follow(id: string, lastEventId?: string): Promise<EventStream> {
  const headers: Record<string, string> = lastEventId === undefined ? {} : { "last-event-id": lastEventId };
  const response = await stack.request("GET", `/api/ai/jobs/${id}/events`, undefined, headers);
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
  return new EventStream(response);
}

const response =
  "I am so glad that you wrote to me today, 😀 and I do hope that the sun shines where you are, as it does here.";
const compliance = { allowed: true, categories: [], severity: "none", reasons: [] };
const answer = (text: string) => JSON.stringify({ response: text, confidence: 0.9, compliance });

/** A job that is answered so slowly that all can be seen. */
async function submitSlow(message: string, text = response, more: object = {}): Promise<string> {
  await stack.rule({
    match: { contains: message, method: "streamGenerateContent" },
    respond: { text: answer(text), chunkDelayMs: 400, ...more },
    times: 1,
  });
  return submit(message);
}

describe("the events of a job", () => {
  it("tell its states, its text while it is generated, and its end", async () => {
    const id = await submitSlow("events-live");
    const stream = await follow(id);
    await stream.until("token");
    expect(await stack.job(id)).toMatchObject({ status: "running" });
    const events = await stream.rest();
    for (const { event, data } of events) expect(() => jobEvents[event].parse(data)).not.toThrow();

    const job = await stack.job(id);
    expect(job.status).toBe("completed");
    expect(events.at(-1)).toMatchObject({ event: "done", data: job });
    expect(textOf(events)).toBe(response);
    expect(events.filter(({ event }) => event === "token").length).toBeGreaterThan(2);
    const statuses = events.flatMap(({ event, data }) => (event === "status" ? [data.status] : []));
    expect(statuses.slice(-2)).toEqual(["running", "completed"]);
    expect(events.find(({ event }) => event === "token")?.data).toMatchObject({
      step: "draft",
      provisional: true,
    });
  });

  it("say of a draft of chat that compliance has still to pass", async () => {
    await stack.rule({
      match: { contains: "events-chat", method: "streamGenerateContent" },
      respond: { text: answer("Thank you, all is well here!") },
      times: 1,
    });
    const events = await (await follow(await submit("Hello, events-chat, how are you?", "chat"))).rest();
    const tokens = events.filter(({ event }) => event === "token");
    expect(tokens.length).toBeGreaterThan(0);
    for (const { data } of tokens)
      expect(data).toMatchObject({ note: expect.stringContaining("compliance") });
    expect(textOf(events)).toBe("Thank you, all is well here!");
    expect(events.at(-1)?.data).toMatchObject({ result: { response: "Thank you, all is well here!" } });
  });

  it("take a draft of chat back that compliance rewrites", async () => {
    await stack.rule({
      match: { contains: "events-refused", method: "streamGenerateContent" },
      respond: { text: answer("Meet me at the old mill."), chunkDelayMs: 100 },
      times: 1,
    });
    const refused = { allowed: false, categories: ["doxxing"], severity: "high", reasons: ["a place"] };
    const verdict = { ...refused, suggestedRewrite: "Let us talk here." };
    await stack.rule({
      match: { contains: "the old mill", method: "generateContent" },
      respond: { text: JSON.stringify(verdict) },
      times: 1,
    });
    const events = await (await follow(await submit("Hello, events-refused, how are you?", "chat"))).rest();
    expect(events.filter(({ event }) => event === "token").length).toBeGreaterThan(0);
    expect(events.slice(-3).map(({ event }) => event)).toEqual(["retract", "status", "done"]);
    expect(events.at(-1)?.data).toMatchObject({ result: { response: "Let us talk here." } });
  });

  it("tell why a job waits", async () => {
    await stack.request("POST", "/api/ai/creators/psy/pause");
    const id = await submit("events-paused");
    const stream = await follow(id);
    expect((await stream.until("status")).data).toMatchObject({ status: "queued", waitingFor: "paused" });
    await stack.request("POST", "/api/ai/creators/psy/resume");
    expect((await stream.until("done")).data).toMatchObject({ status: "completed" });
  });

  it("go on after the last one that was read, without loss or repeat, wherever they broke off", async () => {
    const id = await submitSlow("events-resume");
    const seen = [];
    let lastId: string | undefined;
    for (;;) {
      const stream = await follow(id, lastId);
      const event = await stream.next();
      await stream.cancel();
      if (!event) throw new Error("The events ended without done.");
      seen.push(event);
      lastId = event.id;
      if (event.event === "done") break;
    }
    expect(textOf(seen)).toBe(response);
    expect(new Set(seen.map((event) => event.id)).size).toBe(seen.length);
    const statuses = seen.flatMap(({ event, data }) => (event === "status" ? [data.status] : []));
    expect(statuses).toEqual([...new Set(statuses)]);

    // Nothing more to come: this is what makes a browser stop.
    const headers = { "last-event-id": String(lastId) };
    const after = await stack.request("GET", `/api/ai/jobs/${id}/events`, undefined, headers);
    expect(after.status).toBe(204);
  });

  it("go on behind an end when the job is retried", async () => {
    await stack.rule({ match: { contains: "events-retried" }, respond: { status: 400 }, times: 1 });
    const id = await submit("events-retried");
    const first = await (await follow(id)).rest();
    expect(first.at(-1)).toMatchObject({ event: "done", data: { status: "failed" } });
    expect((await stack.request("POST", `/api/ai/jobs/${id}/retry`)).status).toBe(202);
    const then = await (await follow(id, first.at(-1)?.id)).rest();
    expect(then.filter(({ event }) => event === "done")).toMatchObject([{ data: { status: "completed" } }]);
  });

  it("of a job that has ended: its text, and the end at once; from any event on", async () => {
    const id = await submitSlow("events-ended");
    await (await follow(id)).rest();
    const events = await (await follow(id)).rest();
    expect(textOf(events)).toBe(response);
    expect(events.at(-1)).toMatchObject({ event: "done", data: { status: "completed" } });
    for (const [index, { id: lastEventId, event }] of events.entries()) {
      if (event === "done") continue;
      expect(await (await follow(id, lastEventId)).rest()).toEqual(events.slice(index + 1));
    }
    // What is no id of ours begins at the beginning.
    expect(await (await follow(id, "7")).rest()).toEqual(events);
  });

  it("take back the text of an attempt that begins again", async () => {
    const id = await submitSlow("events-again", response, { closeAfterBytes: 900 });
    const events = await (await follow(id)).rest();
    const names = events.map(({ event }) => event);
    expect(names.indexOf("token")).toBeGreaterThan(-1);
    expect(names.indexOf("retract")).toBeGreaterThan(names.indexOf("token"));
    const done = events.at(-1)?.data as Job;
    expect(done).toMatchObject({ status: "completed", attempts: 2 });
    expect(textOf(events)).toBe((done.result as { response: string }).response);
    accepted.splice(accepted.indexOf(id), 1);
  });

  it("take back what is no part of the result, also from those who come later", async () => {
    const unfit = "Come and see more of me at https://elsewhere.example/me tonight, my dear.";
    const id = await submitSlow("events-rewritten", unfit);
    const events = await (await follow(id)).rest();
    const done = events.at(-1)?.data as Job;
    expect((done.result as { response: string | null }).response).not.toBe(unfit);
    expect(events.slice(-3).map(({ event }) => event)).toEqual(["retract", "status", "done"]);
    expect(JSON.stringify(await (await follow(id)).rest())).not.toContain("elsewhere");
  });

  it("are told to many at once, without loss or repeat, though readers break off and the API is started anew", async () => {
    await stack.rule({
      match: { contains: "events-many", method: "streamGenerateContent" },
      respond: { text: answer(response), chunkDelayMs: 800 },
    });
    const ids = await Promise.all(Array.from({ length: 60 }, (_, index) => submit(`events-many ${index}`)));
    const many = followMany(stack, ids, 3);
    try {
      await eventually(() => expect(many.begun()).toBe(ids.length));
      expect(await stack.api.stop()).toBe(0);
      await stack.restartApi();
      expectWhole(await many.ended, response, textOf);
    } finally {
      many.close();
    }
  });

  it("end with the API, cleanly, and go on with the next one", async () => {
    const id = await submitSlow("events-stop", response, { chunkDelayMs: 1_000 });
    const stream = await follow(id);
    await stream.until("token");
    const rest = stream.rest();
    expect(await stack.api.stop()).toBe(0);
    const before = await rest;
    expect(before.map(({ event }) => event)).not.toContain("done");
    await stack.restartApi();
    const after = await (await follow(id, before.at(-1)?.id)).rest();
    expect(textOf([...before, ...after])).toBe(response);
    expect(after.at(-1)?.event).toBe("done");
  });

  it("are refused of a job that does not exist", async () => {
    for (const id of ["job_01ARZ3NDEKTSV4RRFFQ69G5FAV", "x%00y"]) {
      const refused = await stack.request("GET", `/api/ai/jobs/${id}/events`);
      expect(await problemOf(refused)).toMatchObject({ status: 404, code: "job_not_found" });
    }
  });
});

describe("while Redis", () => {
  it("is wiped, the end still comes, and what is shown is never half a text", async () => {
    const id = await submitSlow("events-wiped");
    const stream = await follow(id);
    await stream.until("token");
    const redis = connectRedis(stack.redis.url, "consumer");
    await redis.flushall();
    redis.disconnect();
    const events = await stream.rest();
    expect(events.at(-1)).toMatchObject({ event: "done", data: { status: "completed" } });
    expect(["", response]).toContain(textOf(events));
    const late = await (await follow(id)).rest();
    expect(["", response]).toContain(textOf(late));
  });

  it("is away, the end still comes", async () => {
    const id = await submitSlow("events-away");
    const stream = await follow(id);
    await stream.until("token");
    process.kill(stack.redis.pid(), "SIGSTOP");
    try {
      expect((await stream.until("done")).data).toMatchObject({ status: "completed" });
    } finally {
      process.kill(stack.redis.pid(), "SIGCONT");
    }
  });
});

describe("a connection", () => {
  let sources: JobEventSources;
  let server: ReturnType<express.Express["listen"]>;
  let close: () => void;
  const job = {
    id: "job_01ARZ3NDEKTSV4RRFFQ69G5FAV",
    creatorId: "psy",
    status: "running",
    attempts: 1,
  } as Job;

  beforeEach(async () => {
    holder = () => adminCaller;
    const redis = connectRedis(stack.redis.url, "producer");
    await once(redis, "ready");
    const news = new JobNews(connectRedis(stack.redis.url, "consumer"), redis);
    const endings = new JobEndings(connectRedis(stack.redis.url, "consumer"));
    const watch = new JobWatch(stack.database);
    const stopping = new AbortController();
    // Of the job itself nothing is to be learned here: a job that runs for as long as the test.
    const jobs = { find: async () => job };
    const streams = new JobStreams(redis);
    sources = {
      jobs,
      streams,
      news,
      endings,
      watch,
      stopping: stopping.signal,
      heartbeatMs: 50,
      stalledMs: 300,
    };
    const app = express();
    const audit = new AuditLog(stack.database, createLogger("test", "silent"));
    mountRoutes(app, eventRoutes(sources), { authenticate: admit, hideOthers: () => [], audit });
    server = app.listen(0);
    await once(server, "listening");
    close = () => {
      stopping.abort();
      server.close();
      for (const closing of [watch, news, endings]) closing.close();
      redis.disconnect();
    };
  });

  afterEach(() => close());

  /** Whether who reads may still do so. */
  let holder: () => Caller;
  const admit: RequestHandler = (_request, response, next) => {
    noteCaller(response, adminCaller, async () => holder());
    next();
  };

  const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/ai/jobs/${job.id}/events`;

  it("that is silent is kept alive by comments", async () => {
    const stream = new EventStream(await fetch(url()));
    const rest = stream.rest();
    await eventually(() => expect(stream.comments).toBeGreaterThan(2));
    close();
    expect((await rest).map(({ event }) => event)).toEqual(["status"]);
  });

  it.each<[string, () => Caller]>([
    [
      "key is revoked",
      () => {
        throw new ProblemError(401, "invalid_api_key", "The API key was revoked.");
      },
    ],
    ["key is bound to others", () => ({ ...adminCaller, creatorIds: new Set(["other"]) })],
    ["key may read jobs no more", () => ({ ...adminCaller, scopes: new Set(["jobs:write"] as const) })],
  ])("whose %s ends", async (_change, changed) => {
    const stream = new EventStream(await fetch(url()));
    expect(await stream.until("status")).toBeDefined();
    holder = () => {
      throw new Error("Postgres is away.");
    };
    const rest = stream.rest();
    await eventually(() => expect(stream.comments).toBeGreaterThan(2));
    holder = changed;
    expect((await rest).map(({ event }) => event)).toEqual(["status"]);
  });

  it("whose reader does not read is cut off, and holds no more than a piece", async () => {
    const connections = () =>
      new Promise<number>((resolve) => server.getConnections((_error, count) => resolve(count)));
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
    socket.on("error", () => {});
    socket.pause();
    socket.write(`GET /jobs/${job.id}/events HTTP/1.1\r\nhost: x\r\n\r\n`);
    await eventually(async () => expect(await connections()).toBe(1));
    const writer = sources.streams.writer(job.id, 1);
    writer.tell();
    const shown = writer.show("draft");
    // More than the buffers of both ends take.
    const piece = "x".repeat(1_000_000);
    await eventually(async () => {
      shown.push(piece);
      expect(await connections()).toBe(0);
    });
    writer.end(undefined, true);
    socket.destroy();
  });
});

it("the invariants hold at the end", async () => {
  // The call whose answer was lost is open until its deadline.
  await eventually(() => assertInvariants(stack, accepted, 1), 90_000);
});
