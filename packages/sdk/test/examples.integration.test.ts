import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { eventually, type Stack, startStack } from "@understudy/testkit";
import { textFor } from "../examples/billing.ts";
import { followDraft } from "../examples/browser.ts";
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

/** A route handler of Next.js' App Router is a function from Request to Response: so Node serves it. */
function nodeListener(routes: Record<string, (request: Request) => Promise<Response>>): RequestListener {
  return async (request, response) => {
    const route = routes[`${request.method} ${request.url}`];
    const answer = route
      ? await route(
          new Request(`http://${request.headers.host}${request.url}`, {
            method: request.method ?? "GET",
            headers: Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
            body: Readable.toWeb(request) as ReadableStream,
            duplex: "half",
          }),
        )
      : new Response(null, { status: 404 });
    response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text());
  };
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

it("the Next.js routes enqueue and hear of the end, and a browser follows by its token", async () => {
  const server = await serve();
  const url = `${server.url}/api/understudy-webhook`;
  const { secret } = await understudy.webhooks.create({ url, events: ["job.completed"] });
  process.env.UNDERSTUDY_URL = stack.url;
  process.env.UNDERSTUDY_API_KEY = stack.adminKey;
  process.env.UNDERSTUDY_WEBHOOK_SECRET = secret;
  const replies = await import("../examples/nextjs/app/api/replies/route.ts");
  const webhook = await import("../examples/nextjs/app/api/understudy-webhook/route.ts");
  const { drafts } = await import("../examples/nextjs/lib/drafts.ts");
  server.answerWith(
    nodeListener({
      "POST /api/replies": replies.POST,
      "POST /api/understudy-webhook": webhook.POST,
    }),
  );
  const body = { creatorId: "psy", fanId: "fan_2", message: "I love your songs" };
  const answer = await post(`${server.url}/api/replies`, body);
  const job = (await answer.json()) as { jobId: string; token: string; expiresAt: string };
  expect([answer.status, job]).toMatchObject([202, { token: expect.stringMatching(/^usjt_/) }]);
  const shown: string[] = [];
  await followDraft({ ...job, baseUrl: stack.url }, (text) => shown.push(text));
  await eventually(() => expect(drafts.get(job.jobId)).toBe(shown.at(-1)));

  const forged = await post(url, { type: "job.completed" });
  expect([forged.status, await forged.json()]).toMatchObject([400, { error: "missing_headers" }]);
  expect((await post(`${server.url}/api/replies`, { ...body, message: "" })).status).toBe(400);
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
