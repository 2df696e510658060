import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { eventually, type Stack, startStack } from "@understudy/testkit";
import { textFor } from "../examples/billing.ts";
import { createApp } from "../examples/express/app.ts";
import { Understudy } from "../src/index.ts";

let stack: Stack;
let understudy: Understudy;
const servers: Server[] = [];

beforeAll(async () => {
  stack = await startStack();
  understudy = new Understudy({ apiKey: stack.adminKey, baseUrl: stack.url });
  await understudy.creators.put("psy", {
    plan: "business",
    bucket: { ratePerHour: 1_000_000, burst: 1_000 },
  });
});

afterAll(async () => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  await stack?.stop();
});

/** A server whose address is known before what answers there: an endpoint's secret is made for an address. */
async function serve() {
  let listener: RequestListener | undefined;
  const server = createServer((request, response) => listener?.(request, response)).listen(0, "127.0.0.1");
  servers.push(server);
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answerWith(next: RequestListener) {
      listener = next;
    },
  };
}

function post(url: string, body: object): Promise<Response> {
  return fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

it("the Express app enqueues, and has the draft when its webhook came", async () => {
  const server = await serve();
  const url = `${server.url}/understudy/webhook`;
  const { secret } = await understudy.webhooks.create({ url, events: ["job.completed"] });
  server.answerWith(createApp({ understudyUrl: stack.url, apiKey: stack.adminKey, webhookSecret: secret }));
  const message = { messageId: "m1", creatorId: "psy", fanId: "fan_1", text: "When is your next show?" };
  const [first, again] = await Promise.all([1, 2].map(() => post(`${server.url}/messages`, message)));
  expect(first?.status).toBe(202);
  expect(await again?.json()).toEqual(await first?.json());
  const draft = await eventually(async () => {
    const answer = await fetch(`${server.url}/drafts/m1`);
    expect(answer.status).toBe(200);
    return ((await answer.json()) as { draft: string }).draft;
  });
  expect(draft.length).toBeGreaterThan(0);

  const wrong = await post(`${server.url}/messages`, { ...message, messageId: "m2", fanId: "no fan" });
  expect([wrong.status, await wrong.json()]).toMatchObject([400, { error: "invalid_request" }]);
  const forged = await post(url, { type: "job.completed" });
  expect([forged.status, await forged.json()]).toEqual([400, { error: "missing_headers" }]);
});

it("the billing example says when to come back, and that a quota is used up", async () => {
  await understudy.creators.put("slow", { bucket: { ratePerHour: 1, burst: 1 } });
  expect(await textFor(understudy, "slow", "Hi")).toEqual({
    text: expect.any(String),
    costUsd: expect.stringMatching(/^0\.\d+$/),
  });
  expect(await textFor(understudy, "slow", "Hi")).toEqual({ tryAgainInSeconds: expect.any(Number) });
  await understudy.creators.put("poor", { quotaUsd: "0.0000001" });
  expect(await textFor(understudy, "poor", "Hi")).toMatchObject({ spentUsd: "0", until: expect.any(Date) });
});
