import { once } from "node:events";
import { Agent, request } from "node:http";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { type RunningPostgres, withChildren } from "@understudy/local-services";
import {
  eventually,
  freeze,
  type ServiceProcess,
  type Stack,
  startStack,
  startTestPostgres,
} from "@understudy/testkit";
import pg from "pg";
import { connectRaw, type RawClient, rawRequest } from "./raw-client.ts";

/** Of these tests alone, since one freezes it. */
let postgres: RunningPostgres;
let stack: Stack;
let authorization: string;

/** Of a creator who is paused: its jobs wait. */
const job = { creatorId: "psy", prompt: "hello" };

beforeAll(async () => {
  postgres = await startTestPostgres();
  stack = await startStack({ workers: 0, postgresUrl: postgres.url });
  authorization = `Bearer ${stack.adminKey}`;
  await stack.request("PUT", "/api/ai/creators/psy", { plan: "business" });
  await stack.request("POST", "/api/ai/creators/psy/pause");
});

afterAll(async () => {
  await stack.stop();
  await postgres.remove();
});

const portOf = (api: ServiceProcess) => Number(api.details.port);

/** How it ends, and how long it takes from SIGTERM on. */
async function stop(api: ServiceProcess): Promise<{ code: number | null; ms: number }> {
  const since = Date.now();
  const code = await api.stop();
  return { code, ms: Date.now() - since };
}

/** Until it has been told to stop. */
const isStopping = (api: ServiceProcess) => eventually(() => expect(api.output()).toContain('"stopping"'));

/** Waits for something that the API sends. */
async function heard({ socket }: RawClient, wanted: string): Promise<void> {
  for (let read = ""; !read.includes(wanted); ) read += String((await once(socket, "data"))[0]);
}

const closes = (answer: string, status: number) => {
  expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect(answer).toMatch(/\r\nconnection: close\r\n/i);
};

it("closes connections that are silent or idle, without waiting for them", async () => {
  const api = await stack.addApi();
  const silent = await connectRaw(portOf(api));
  const idle = await connectRaw(portOf(api), rawRequest("GET", "/healthz"));
  await heard(idle, '"ok"');
  const { code, ms } = await stop(api);
  expect(code).toBe(0);
  expect(ms).toBeLessThan(5_000);
  expect(await silent.all).toBe("");
  expect(await idle.all).toMatch(/^HTTP\/1.1 200 /);
});

it("answers clients that go on asking, and tells each that it closes: none is reset", async () => {
  const api = await stack.addApi();
  const agent = new Agent({ keepAlive: true });
  let answers = 0;
  const ask = async (options: { method: string; path: string; body?: object }) => {
    const asked = request({
      ...{ agent, port: portOf(api), host: "127.0.0.1", method: options.method, path: options.path },
      headers: { authorization, "content-type": "application/json" },
    });
    asked.end(options.body && JSON.stringify(options.body));
    const [response] = await once(asked, "response");
    await once(response.resume(), "end");
    answers++;
    return { status: response.statusCode as number, closes: response.headers.connection === "close" };
  };
  const client = async (index: number) => {
    for (;;) {
      const accepts = index % 2 === 0;
      const answer = await ask(
        accepts ? { method: "POST", path: "/api/ai/test", body: job } : { method: "GET", path: "/healthz" },
      );
      expect(answer.status).toBe(accepts ? 202 : 200);
      if (answer.closes) return;
    }
  };
  const clients = Promise.all(Array.from({ length: 16 }, (_, index) => client(index)));
  await eventually(() => expect(answers).toBeGreaterThan(200));
  const { code, ms } = await stop(api);
  await clients;
  agent.destroy();
  expect(code).toBe(0);
  expect(ms).toBeLessThan(5_000);
});

it("waits for requests that are half sent, and answers them", async () => {
  const api = await stack.addApi();
  const whole = rawRequest("POST", "/api/ai/test", { headers: { authorization }, body: job });
  const [inHeaders, inBody] = [40, whole.length - 10];
  const cut = await Promise.all(
    [inHeaders, inBody].map(async (at) => ({
      client: await connectRaw(portOf(api), whole.slice(0, at)),
      rest: whole.slice(at),
    })),
  );
  // It has read what came before this was answered.
  await heard(await connectRaw(portOf(api), rawRequest("GET", "/healthz")), '"ok"');
  const stopped = stop(api);
  await isStopping(api);
  // Longer than a connection on which nothing has begun is kept.
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  for (const { client, rest } of cut) client.socket.write(rest);
  for (const { client } of cut) closes(await client.all, 202);
  const { code, ms } = await stopped;
  expect(code).toBe(0);
  expect(ms).toBeLessThan(6_000);
});

it("waits ten seconds at most, also for who is stuck in Postgres, and ends with 0 all the same", async () => {
  const api = await stack.addApi();
  const whole = rawRequest("POST", "/api/ai/test", { headers: { authorization }, body: job });
  await connectRaw(portOf(api), whole.slice(0, 40));
  await connectRaw(portOf(api), whole.slice(0, -10));
  const client = new pg.Client({ connectionString: stack.databaseUrl });
  await client.connect();
  try {
    await client.query(`BEGIN; LOCK TABLE "JobRecord" IN ACCESS EXCLUSIVE MODE`);
    await connectRaw(portOf(api), whole);
    await eventually(async () => {
      const { rows } = await client.query("SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'");
      expect(rows.length).toBeGreaterThan(0);
    });
    const { code, ms } = await stop(api);
    expect(code).toBe(0);
    expect(ms).toBeGreaterThan(9_500);
    expect(ms).toBeLessThan(14_000);
  } finally {
    await client.end();
  }
});

it("ends at once when it is told a second time", async () => {
  const api = await stack.addApi();
  await connectRaw(portOf(api), "GET /healthz HTTP/1.1\r\nhost");
  const stopped = stop(api);
  await isStopping(api);
  api.signal("SIGTERM");
  const { code, ms } = await stopped;
  expect(code).toBe(1);
  expect(ms).toBeLessThan(5_000);
});

it("answers who waits for a job with what is known, and ends streams so that they go on elsewhere", async () => {
  const api = await stack.addApi();
  const id = await stack.submit("test", { creatorId: "psy", input: { prompt: "hello" } });
  const stream = await connectRaw(
    portOf(api),
    rawRequest("GET", `/api/ai/jobs/${id}/events`, { headers: { authorization } }),
  );
  await heard(stream, "event: ");
  const before = await stack.database.prisma.job.count();
  const waiting = await connectRaw(
    portOf(api),
    rawRequest("POST", "/api/ai/test", { headers: { authorization, prefer: "wait=50" }, body: job }),
  );
  await eventually(async () => expect(await stack.database.prisma.job.count()).toBe(before + 1));
  const { code, ms } = await stop(api);
  expect(code).toBe(0);
  expect(ms).toBeLessThan(5_000);
  closes(await waiting.all, 202);
  // Its last chunk, which has no bytes: it was not broken off.
  expect(await stream.all).toMatch(/\r\n0\r\n\r\n$/);
});

it("says that it is not ready while it stops, and goes on accepting for as long as it is told to", async () => {
  const api = await stack.addApi({ API_DRAIN_SECONDS: "2" });
  const ready = await fetch(`${api.details.url}/readyz`);
  expect(ready.status).toBe(200);
  await ready.body?.cancel();
  const stopped = stop(api);
  await eventually(async () => {
    const answer = await fetch(`${api.details.url}/readyz`);
    expect(answer.headers.get("connection")).toBe("close");
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ status: "stopping" });
  });
  const submitted = rawRequest("POST", "/api/ai/test", { headers: { authorization }, body: job });
  const late = await connectRaw(portOf(api), submitted);
  closes(await late.all, 202);
  const { code, ms } = await stopped;
  expect(code).toBe(0);
  expect(ms).toBeGreaterThan(1_900);
  expect(ms).toBeLessThan(7_000);
});

describe("where a service is silent", () => {
  let thaw = () => {};

  afterEach(() => thaw());

  it.each(["Postgres", "Redis"])("ends with 0 in time while %s says nothing", async (which) => {
    const api = await stack.addApi();
    const made = await stack.request("POST", "/api/ai/admin/keys", { name: which, scopes: ["jobs:write"] });
    const { key } = (await made.json()) as { key: string };
    // Its use, a refusal, a job in a lane: all that is still to be written.
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
    const ask = (method: string, path: string) =>
      fetch(`${api.details.url}${path}`, {
        ...{ method, headers },
        ...(method === "POST" && { body: JSON.stringify({ ...job, creatorId: which.toLowerCase() }) }),
      });
    expect((await ask("POST", "/api/ai/test")).status).toBe(202);
    expect((await ask("GET", "/api/ai/admin/keys")).status).toBe(403);
    thaw = freeze(which === "Postgres" ? withChildren(postgres.pid()) : [stack.redis.pid()]);
    const { code, ms } = await stop(api);
    expect(code).toBe(0);
    expect(ms).toBeLessThan(9_000);
  });
});
