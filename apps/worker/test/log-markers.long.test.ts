import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { assertInvariants, eventually, type Stack, startStack } from "@understudy/testkit";

/** In everything that is secret or personal: no log may hold it. */
const marker = "quokka";
const secretsKeys = `test:${Buffer.alloc(32, `${marker}-key`).toString("base64")}`;
const geminiKey = `${marker}-gemini`;

let stack: Stack;
let receiver: Server;
let hook: string;
const accepted: string[] = [];
/** Shown once by the API, and never to be seen again. */
const shown: string[] = [];

beforeAll(async () => {
  let refusals = 5;
  receiver = createServer((_request, response) => {
    response.writeHead(refusals-- > 0 ? 500 : 200).end(`${marker} in an answer`);
  }).listen(0);
  hook = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/${marker}`;
  stack = await startStack({
    environment: {
      LOG_LEVEL: "trace",
      UNDERSTUDY_SECRETS_KEYS: secretsKeys,
      GEMINI_API_KEY: geminiKey,
      WEBHOOK_RETRY_SCHEDULE: "50ms,50ms,50ms,50ms,50ms,50ms",
      METRICS_TOKEN: `${marker}-metrics-token-0123456789`,
    },
  });
});

afterAll(async () => {
  await stack.stop();
  receiver.close();
});

async function post(path: string, body: object, headers: Record<string, string> = {}): Promise<Response> {
  return stack.request("POST", `/api/ai${path}`, body, headers);
}

const say = (what: string) => `${marker} ${what}`;

/** A fan message with a marker in every field; `what` is what the rules look for. */
async function chat(what: string, agent = "messaging"): Promise<string> {
  const input = {
    fanId: `fan_${marker}`,
    message: say(what),
    history: [{ from: "fan", text: say("earlier") }],
    context: { note: say("context") },
  };
  const options = {
    metadata: { note: say("metadata") },
    callbackUrl: `${hook}/callback`,
    idempotencyKey: `${marker}-${what}`,
  };
  const id = await stack.submit(agent, { creatorId: "psy", input, options });
  accepted.push(id);
  return id;
}

const ended = (id: string) =>
  eventually(async () => expect(await stack.job(id)).toHaveProperty("finishedAt"), 60_000);

/** What was shown of a secret, taken from an answer. */
async function keep(response: Response, ...fields: string[]): Promise<Record<string, string>> {
  expect(response.status).toBeLessThan(300);
  const answer = (await response.json()) as Record<string, string>;
  for (const field of fields) {
    expect(answer[field]).toEqual(expect.any(String));
    shown.push(String(answer[field]));
  }
  return answer;
}

async function useTheApi(): Promise<void> {
  const { id } = await keep(
    await post("/webhooks", { url: hook, events: ["job.completed", "job.failed"] }),
    "secret",
  );
  await keep(await post(`/webhooks/${id}/rotate-secret`, {}), "secret");
  const key = await keep(await post("/admin/keys", { name: "app", scopes: ["jobs:write"] }), "key");
  await keep(await post(`/admin/keys/${key.id}/rotate`, { graceSeconds: 0 }), "key");
  await post("/test", { creatorId: "psy", prompt: marker }, { authorization: `Bearer ${key.key}` });
  await post("/test", { creatorId: "psy", prompt: marker }, { authorization: `Bearer ${marker}` });
  const session = await post("/session", { key: stack.adminKey });
  shown.push(session.headers.getSetCookie()[0]?.split(/[=;]/)[1] ?? "none");
  await keep(session, "csrfToken");
  await stack.request("PUT", "/api/ai/creators/psy", {
    plan: "business",
    profile: { voice: marker, sampleReplies: [marker] },
  });
  // What can't be parsed, and what is not there.
  const json = { "content-type": "application/json", authorization: `Bearer ${stack.adminKey}` };
  await fetch(`${stack.url}/api/ai/test`, { method: "POST", headers: json, body: `{"prompt": "${marker}` });
  await post("/test", { creatorId: marker, [marker]: marker });
  await stack.request("GET", `/api/ai/jobs/${marker}?${marker}=${marker}`);
}

async function useTheTeam(): Promise<void> {
  await stack.rule({
    match: { contains: say("refused") },
    respond: { status: 400, text: say("in an error") },
  });
  await stack.rule({ match: { contains: say("blocked") }, respond: { blockReason: "SAFETY" } });
  await stack.rule({ match: { contains: say("malformed") }, respond: { text: `{"response": ${marker}` } });
  await stack.rule({ match: { contains: say("cut") }, respond: { closeAfterBytes: 40 }, times: 1 });
  await stack.rule({ match: { contains: say("answered") }, respond: { text: say("not JSON") }, times: 1 });
  const ids = await Promise.all(
    ["fine", "refused", "blocked", "malformed", "cut", "answered"].map((what) => chat(what)),
  );
  ids.push(await chat("in a chat", "chat"));
  for (const id of ids) await ended(id);
  const completed = ids[0] ?? "";
  expect((await post(`/jobs/${completed}/feedback`, { outcome: "edited", text: marker })).status).toBe(200);
  const { token = "" } = await keep(await post(`/jobs/${completed}/token`, {}), "token");
  const events = await fetch(`${stack.url}/api/ai/jobs/${completed}/events?token=${token}`);
  expect(await events.text()).toContain("event: done");
}

/** A worker dies in the middle of a call. */
async function crash(): Promise<void> {
  await stack.rule({ match: { contains: say("crash") }, respond: { hang: true }, times: 1 });
  const id = await chat("crash");
  await eventually(async () => expect((await stack.job(id)).status).toBe("running"));
  await stack.workers[0]?.kill();
  await stack.addWorker();
  await ended(id);
}

/** Postgres refuses what it is given, and says why in its own words. */
async function breakTheDatabase(): Promise<void> {
  const { prisma } = stack.database;
  await prisma.$executeRawUnsafe(`ALTER TABLE "Feedback" ADD CONSTRAINT none CHECK (false) NOT VALID`);
  const [completed = ""] = accepted;
  const response = await post(`/jobs/${completed}/feedback`, { outcome: "sent", text: marker });
  expect(response.status).toBe(500);
  expect(await response.text()).not.toContain(marker);
  await prisma.$executeRawUnsafe(`ALTER TABLE "Feedback" DROP CONSTRAINT none`);
}

it("nothing that is secret or personal stands in any log, whatever happens", async () => {
  await useTheApi();
  await useTheTeam();
  await crash();
  await breakTheDatabase();
  await eventually(async () => {
    const tries = await stack.database.prisma.deliveryTry.count({ where: { body: { contains: marker } } });
    expect(tries).toBeGreaterThan(0);
  });
  // What was cut off, and what the killed worker was about.
  await assertInvariants(stack, accepted, 10);

  const logs = [stack.api, ...stack.workers].map((service) => service.output());
  for (const log of logs) expect(log).toContain('"msg":"ready"');
  expect(logs[0]).toContain("request failed");
  expect(logs.slice(1).join("")).toContain("job ended without a result");
  const secrets = [marker, stack.adminKey, secretsKeys.slice(5), ...shown];
  const lines = logs.join("").split("\n");
  expect(
    lines.filter((line) => secrets.some((secret) => line.toLowerCase().includes(secret.toLowerCase()))),
  ).toEqual([]);
});
