import { Agent } from "node:http";
import { text } from "node:stream/consumers";
import { expect } from "@jest/globals";
import type { AcceptedJob } from "@understudy/contracts";
import { eventually, type ServiceProcess, startStack } from "@understudy/testkit";
import { ask, startKeepAliveProxy } from "./keep-alive-proxy.ts";

/** Clients that submit jobs, wait for some, and read others; and those that follow a job. */
const clientsCount = { asking: 24, following: 6 };

/** Long enough for the proxy to see that an API is about to stop. */
const drainSeconds = "1";

/**
 * Stops two APIs by turns and starts each anew in its place, behind a proxy under load that keeps its
 * connections: no request may fail, no stream break off, no accepted job be lost.
 */
export async function restartByTurns(restarts: number): Promise<void> {
  const stack = await startStack({ workers: 0, environment: { API_DRAIN_SECONDS: drainSeconds } });
  await stack.request("PUT", "/api/ai/creators/psy", { plan: "business" });
  await stack.request("POST", "/api/ai/creators/psy/pause");
  const followed = await stack.submit("test", { creatorId: "psy", input: { prompt: "hello" } });
  const apis: ServiceProcess[] = [stack.api, await stack.addApi()];
  const ports = apis.map(({ details }) => Number(details.port));
  const proxy = await startKeepAliveProxy(ports);
  const agent = new Agent({ keepAlive: true });
  const authorization = `Bearer ${stack.adminKey}`;
  const accepted: string[] = [];
  const since = Date.now();
  let isOver = false;
  let requests = 0;

  const isReady = (port: number) =>
    eventually(() => {
      expect(proxy.isReady(port)).toBe(true);
    });

  async function send(method: string, url: string, body?: object, more: Record<string, string> = {}) {
    const answer = await ask(proxy.port, {
      ...{ method, url, agent },
      headers: { authorization, "content-type": "application/json", ...more },
      ...(body && { body: JSON.stringify(body) }),
    });
    const content = await text(answer);
    requests++;
    return { status: answer.statusCode, content };
  }

  async function client(index: number): Promise<void> {
    const waits: Record<string, string> = index % 4 === 0 ? { prefer: "wait=2" } : {};
    while (!isOver) {
      const { status, content } = await send(
        "POST",
        "/api/ai/test",
        { creatorId: "psy", prompt: "hello" },
        waits,
      );
      expect({ status, content }).toMatchObject({ status: 202 });
      const { id } = JSON.parse(content) as AcceptedJob;
      accepted.push(id);
      expect(await send("GET", `/api/ai/jobs/${id}`)).toMatchObject({ status: 200 });
    }
  }

  /** Follows the job until the API ends the stream, and goes on where it ended. */
  async function follower(): Promise<void> {
    let lastId: string | undefined;
    while (!isOver) {
      const { status, content } = await send("GET", `/api/ai/jobs/${followed}/events`, undefined, {
        ...(lastId !== undefined && { "last-event-id": lastId }),
      });
      expect({ status, content }).toMatchObject({ status: 200 });
      lastId = /.*\nid: (\S+)/s.exec(content)?.[1] ?? lastId;
    }
  }

  try {
    for (const port of ports) await isReady(port);
    const [asking, following] = [
      Promise.all(Array.from({ length: clientsCount.asking }, (_, index) => client(index))),
      Promise.all(Array.from({ length: clientsCount.following }, follower)),
    ];
    for (const clients of [asking, following]) {
      clients.catch(() => {
        isOver = true;
      });
    }
    for (let count = 0; count < restarts && !isOver; count++) {
      const place = count % apis.length;
      const api = apis[place] as ServiceProcess;
      expect(await api.stop()).toBe(0);
      apis[place] = await stack.restartApi(api);
      await isReady(ports[place] as number);
    }
    isOver = true;
    await asking;
    // Streams end with their APIs.
    expect(await Promise.all(apis.map((api) => api.stop()))).toEqual([0, 0]);
    await following;
    expect(requests).toBeGreaterThan(restarts * 50);
    expect(proxy.faults).toEqual([]);
    const kept = await stack.database.prisma.job.findMany({ select: { id: true } });
    const ids = new Set(kept.map(({ id }) => id));
    expect(accepted.filter((id) => !ids.has(id))).toEqual([]);
    process.stdout.write(
      `${restarts} restarts, ${requests} requests in ${Math.round((Date.now() - since) / 1_000)} s; ${proxy.refused()} connections not taken\n`,
    );
  } finally {
    isOver = true;
    agent.destroy();
    await proxy.close();
    await stack.stop();
  }
}
