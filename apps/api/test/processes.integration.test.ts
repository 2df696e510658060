import { once } from "node:events";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import {
  appProcesses,
  eventually,
  livingOf,
  type ServiceProcess,
  type Stack,
  serviceSettings,
  spawnService,
  startStack,
} from "@understudy/testkit";
import { connectRaw, type RawClient, rawRequest } from "./raw-client.ts";

let stack: Stack;
/** Two processes, which live until one test kills their parent. */
let api: ServiceProcess;
const started: ServiceProcess[] = [];

beforeAll(async () => {
  stack = await startStack({ workers: 0 });
  api = await start();
});

afterAll(async () => {
  for (const api of started) await api.kill();
  await stack.stop();
});

async function start(more: Record<string, string> = {}): Promise<ServiceProcess> {
  const api = await stack.addApi({ API_PROCESSES: "2", ...more });
  started.push(api);
  return api;
}

const status = async (api: ServiceProcess, path: string) =>
  (
    await fetch(`${api.details.url}${path}`, {
      headers: { connection: "close" },
      signal: AbortSignal.timeout(5_000),
    })
  ).status;

/** A sum over all labels. */
async function metric(api: ServiceProcess, series: string): Promise<number> {
  const text = await (await fetch(`${api.details.url}/metrics`, { headers: { connection: "close" } })).text();
  const lines = text
    .split("\n")
    .filter((line) => line.startsWith(`${series}{`) || line.startsWith(`${series} `));
  return lines.reduce((total, line) => total + Number(line.split(" ").at(-1)), 0);
}

const reads = (api: ServiceProcess) =>
  metric(
    api,
    'understudy_http_request_duration_seconds_count{method="GET",route="/api/ai/agents",status="200"}',
  );

/** One request on a connection that stays. */
async function ask({ socket }: RawClient, path: string): Promise<string> {
  socket.write(rawRequest("GET", path, { headers: { authorization: `Bearer ${stack.adminKey}` } }));
  const [answer] = await once(socket, "data");
  return String(answer);
}

const noneIsLeft = (pids: number[]) => eventually(() => expect(livingOf(pids)).toEqual([]));

it("is served by each of its processes, which count as one; one that is killed is started anew", async () => {
  expect(api.details).toMatchObject({ processes: 2 });
  const pids = appProcesses(api);
  expect(livingOf(pids)).toHaveLength(2);
  const clients = await Promise.all([1, 2].map(() => connectRaw(Number(api.details.port))));
  for (const client of [...clients, ...clients])
    expect(await ask(client, "/api/ai/agents")).toMatch(/^HTTP\/1.1 200 /);
  await eventually(async () => expect(await reads(api)).toBe(4));
  expect(await metric(api, "understudy_build_info")).toBe(1);
  expect(await metric(api, "understudy_database_connections_max")).toBe(20);
  expect(await metric(api, "understudy_spending_stopped")).toBe(0);

  process.kill(pids[0] ?? 0, "SIGKILL");
  await eventually(() => expect(clients.filter(({ socket }) => socket.closed)).toHaveLength(1));
  const [survivor] = clients.filter(({ socket }) => !socket.closed) as [RawClient];
  expect(await ask(survivor, "/api/ai/agents")).toMatch(/^HTTP\/1.1 200 /);
  expect(await ask(survivor, "/healthz")).toMatch(/^HTTP\/1.1 503 /);
  expect(await ask(survivor, "/readyz")).toMatch(/^HTTP\/1.1 200 /);
  await eventually(async () => expect(await status(api, "/healthz")).toBe(200));
  const again = appProcesses(api);
  expect(again[0]).not.toBe(pids[0]);
  expect(again[1]).toBe(pids[1]);
  expect(api.output()).toContain('"signal":"SIGKILL"');
  // What the dead had counted is not forgotten: 4, and 1 of the survivor.
  expect(await reads(api)).toBe(5);
});

it("is neither alive nor ready while one of its processes says nothing", async () => {
  const [silent = 0] = appProcesses(api);
  process.kill(silent, "SIGSTOP");
  try {
    for (const path of ["/healthz", "/readyz"])
      await eventually(async () => expect(await status(api, path)).toBe(503));
  } finally {
    process.kill(silent, "SIGCONT");
  }
  for (const path of ["/healthz", "/readyz"])
    await eventually(async () => expect(await status(api, path)).toBe(200));
});

it("stops in order, and at once when it is told a second time", async () => {
  const draining = await start({ API_DRAIN_SECONDS: "60" });
  const pids = appProcesses(draining);
  const stopped = draining.stop();
  for (const _ of pids)
    await eventually(async () => {
      const answer = await fetch(`${draining.details.url}/readyz`, { headers: { connection: "close" } });
      expect(await answer.json()).toMatchObject({ status: "stopping" });
    });
  expect(livingOf(pids)).toHaveLength(2);
  draining.signal("SIGTERM");
  expect(await stopped).toBe(1);
  await noneIsLeft(pids);
});

it("does not end at once when a terminal tells parent and children, and ends with a parent that is killed", async () => {
  const told = await start({ API_DRAIN_SECONDS: "1" });
  const toldPids = appProcesses(told);
  // As Ctrl-C does: to all of its group.
  process.kill(-told.pid, "SIGINT");
  expect(await told.ended).toBe(0);
  await noneIsLeft(toldPids);
  const pids = appProcesses(api);
  await api.kill();
  await noneIsLeft(pids);
  expect(api.output()).toContain("the launcher is gone");
});

it("does not start where a port is taken, and leaves nothing behind", async () => {
  const settings = serviceSettings({
    databaseUrl: stack.databaseUrl,
    redisUrl: stack.redis.url,
    emulatorUrl: stack.emulatorUrl,
  });
  await expect(
    spawnService("api", { ...settings, PORT: String(stack.api.details.port), API_PROCESSES: "2" }),
  ).rejects.toThrow(/EADDRINUSE/);
});
