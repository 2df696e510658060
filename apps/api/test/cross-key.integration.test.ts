import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { type Scope, scopes, unboundScopes } from "@understudy/contracts";
import { newId } from "@understudy/database";
import { eventually, type Stack, startStack } from "@understudy/testkit";
import { type Json, type Operation, operationsOf } from "./hostile-requests.ts";

/** What a creator has, by what an API calls it. */
interface Things {
  creatorId: string;
  fanId: string;
  jobId: string;
  /** Of a job of the fan that has failed. */
  failedJobId: string;
  callId: string;
  endpointId: string;
  deliveryId: string;
  insightId: string;
}

/** What a parameter names, by the path up to it. A route with another one fails until it is told here what it names. */
const namedBy: Record<string, keyof Things> = {
  "/api/ai/creators/{id}": "creatorId",
  "/api/ai/creators/{id}/fans/{fanId}": "fanId",
  "/api/ai/creators/{id}/insights/{insightId}": "insightId",
  "/api/ai/jobs/{id}": "jobId",
  "/api/ai/admin/calls/{id}": "callId",
  "/api/ai/webhooks/{id}": "endpointId",
  "/api/ai/webhooks/deliveries/{id}": "deliveryId",
};

/** Parameters that name nothing of anyone's: for these routes the body says whose. */
const namesNobody: Record<string, string> = { "/api/ai/agents/{name}": "chat" };

/** Reading routes without parameters in their path that tell of no creator. */
const tellsOfNobody = ["listAgents", "listPrices", "listModels", "readRoles"];

const madeUp: Things = {
  creatorId: "nobody-9f3",
  fanId: "fan-nobody",
  jobId: "job_01JD8Z3V5N8Q4C6T2W7Y9B1KXM",
  failedJobId: "job_01JD8Z3V5N8Q4C6T2W7Y9B1KXN",
  callId: "call_01JD8Z3V7R1M3P5S8U0W2Y4A6C",
  endpointId: "end_01JD8Z3V7R1M3P5S8U0W2Y4A6C",
  deliveryId: "dlv_01JD8Z3V7R1M3P5S8U0W2Y4A6C",
  insightId: "ins_01JD8Z3V7R1M3P5S8U0W2Y4A6C",
};

let stack: Stack;
let operations: Operation[];
let own: Things;
let others: Things;
let key: string;

beforeAll(async () => {
  stack = await startStack();
  const document = await (await fetch(`${stack.url}/openapi.json`)).json();
  operations = operationsOf(document as Parameters<typeof operationsOf>[0]);
  [own, others] = await Promise.all([furnish("own-9f3"), furnish("others-9f3")]);
  const response = await stack.request("POST", "/api/ai/admin/keys", {
    name: "bound to one creator",
    scopes: (Object.keys(scopes) as Scope[]).filter((scope) => !unboundScopes.includes(scope)),
    creatorIds: [own.creatorId],
  });
  expect(response.status).toBe(201);
  key = ((await response.json()) as { key: string }).key;
});

afterAll(() => stack.stop());

async function furnish(creatorId: string): Promise<Things> {
  const post = async (path: string, body?: object) => {
    const response = await stack.request("POST", path, body);
    return (await response.json()) as { id: string; deliveryId: string };
  };
  await stack.request("PUT", `/api/ai/creators/${creatorId}`, { plan: "pro" });
  const fanId = `fan-${creatorId}`;
  const jobId = await stack.submit("test", { creatorId, input: { prompt: `of ${creatorId}` } });
  const endpoint = {
    url: `http://127.0.0.1:9/${creatorId}`,
    events: ["job.failed"],
    creatorIds: [creatorId],
  };
  const { id: endpointId } = await post("/api/ai/webhooks", endpoint);
  const { deliveryId } = await post(`/api/ai/webhooks/${endpointId}/test`);
  const insight = { source: "chat_ai", type: "fan_interest", confidence: 1, text: `of ${creatorId}` };
  const { prisma } = stack.database;
  const { id: insightId } = await prisma.insight.create({
    data: { id: newId("ins"), creatorId, fanId, ...insight },
  });
  const failure = { status: "failed", errorCode: "provider_refused", errorRetryable: true } as const;
  const failed = { ...failure, errorMessage: "Broken zebra.", startedAt: new Date(), finishedAt: new Date() };
  const asked = { agent: "test", feature: "test", model: "gemini-2.5-flash", input: { prompt: "again" } };
  const { id: failedJobId } = await prisma.job.create({
    data: { id: newId("job"), creatorId, fanId, attempt: 1, ...asked, ...failed },
  });
  const figures = { quotaUsd: "50", spentUsd: "40", unknownUsd: "0" };
  const payload = { percent: 80, month: "2026-11", plan: "pro", ...figures };
  await prisma.alert.create({
    data: { id: `alt_${creatorId}`, type: "quota_threshold", creatorId, key: creatorId, payload },
  });
  await eventually(async () => expect(await stack.job(jobId)).toMatchObject({ status: "completed" }));
  const [call] = await prisma.usageLog.findMany({ where: { creatorId } });
  const words = { providerMessage: "Broken zebra.", providerWords: { requestId: `of ${creatorId}` } };
  await prisma.usageLog.updateMany({ where: { creatorId }, data: words });
  const ids = { creatorId, fanId, jobId, failedJobId, endpointId, deliveryId, insightId };
  return { ...ids, callId: String(call?.id) };
}

/** The path of an operation for someone's things. @throws where it has a parameter of which nobody has said what it names */
function pathFor({ path }: Operation, things: Things): string {
  return path.replaceAll(/\{\w+\}/g, (parameter, at: number) => {
    const upTo = path.slice(0, at + parameter.length);
    const thing = namedBy[upTo];
    const text = thing ? things[thing] : namesNobody[upTo];
    if (text === undefined) throw new Error(`Tell in this test what ${upTo} names.`);
    return text;
  });
}

/** An operation's example, with `creatorId` and `creatorIds` of someone. */
function bodyFor({ requestBody }: Operation, { creatorId }: Things): Json | undefined {
  const content = requestBody?.content["application/json"];
  if (!content) return undefined;
  if (content.example === undefined) throw new Error("An operation has no example of its body.");
  const text = JSON.stringify(content.example, (name, value) => (name === "creatorId" ? creatorId : value));
  const body = JSON.parse(text) as { [key: string]: Json };
  const known = JSON.stringify((content as { schema?: object }).schema);
  return known.includes("NewWebhookEndpoint") ? { ...body, creatorIds: [creatorId] } : body;
}

async function ask(
  operation: Operation,
  things: Things,
  as: string,
  search = "",
  accept = "application/json",
) {
  const body = bodyFor(operation, things);
  const headers = { authorization: `Bearer ${as}`, accept };
  const path = pathFor(operation, things) + (search || queryOf(operation));
  const response = await stack.request(operation.method, path, body, headers);
  const isStream = response.headers.get("content-type")?.startsWith("text/event-stream");
  if (isStream) await response.body?.cancel();
  return { status: response.status, text: isStream ? "" : await response.text() };
}

/** What the operation's query must say, by its examples. */
function queryOf({ parameters }: Operation): string {
  const required = parameters.filter(
    (parameter) => parameter.in === "query" && (parameter as { required?: boolean }).required,
  );
  return required.length === 0
    ? ""
    : `?${new URLSearchParams(Object.fromEntries(required.map(({ name, example }) => [name, String(example)])))}`;
}

const scopeOf = (operation: Operation) =>
  (operation as unknown as Record<string, string | undefined>)["x-understudy-scope"];
const hasPlace = ({ path }: Operation) => path.includes("{");
const isUnbound = (operation: Operation) => unboundScopes.some((scope) => scope === scopeOf(operation));
const isOfCreators = (operation: Operation) => scopeOf(operation) !== undefined && !isUnbound(operation);

/** An answer without what tells two requests apart. */
function plain({ status, text }: { status: number; text: string }, things: Things): string {
  const anonymous = Object.values(things).reduce((all, thing) => all.replaceAll(thing, "…"), text);
  return `${status} ${anonymous.replaceAll(/"requestId":"[^"]+"/g, "")}`;
}

/** All that the creator has, but for what workers do to it meanwhile. */
async function inventory({ creatorId, endpointId }: Things) {
  const { prisma } = stack.database;
  const where = { creatorId };
  const endpoint = await prisma.webhookEndpoint.findUniqueOrThrow({ where: { id: endpointId } });
  const { url, events, creatorIds, deletedAt, secret } = endpoint;
  return {
    creator: await prisma.creator.findUnique({ where: { id: creatorId } }),
    jobs: await prisma.job.findMany({ where }),
    insights: await prisma.insight.findMany({ where }),
    endpoint: { url, events, creatorIds, deletedAt, secret },
    deliveries: await prisma.delivery.findMany({
      where: { endpointId },
      select: { id: true, generation: true },
    }),
  };
}

describe("a key that is bound to a creator", () => {
  it("may do nothing that wants a scope which it can't have", async () => {
    const answers = [];
    for (const operation of operations.filter(isUnbound)) {
      const path = operation.path.replaceAll(/\{(\w+)\}/g, "x");
      const body = bodyFor(operation, others);
      const headers = { authorization: `Bearer ${key}` };
      const response = await stack.request(operation.method, path, body, headers);
      const { code } = (await response.json()) as { code: string };
      answers.push([operation.operationId, response.status, code]);
    }
    expect(answers).toEqual(answers.map(([id]) => [id, 403, "forbidden_scope"]));
  });

  it("tries its own failed jobs again, and none of others, whatever it asks for", async () => {
    const retry = async (body: object) => {
      const headers = { authorization: `Bearer ${key}` };
      const response = await stack.request("POST", "/api/ai/jobs/retry", body, headers);
      return ((await response.json()) as { retried: number }).retried;
    };
    const before = await inventory(others);
    expect(await retry({ creatorId: others.creatorId })).toBe(0);
    expect(await retry({ agent: "test" })).toBe(1);
    expect(await retry({})).toBe(0);
    expect(await inventory(others)).toEqual(before);
    expect(await stack.job(own.failedJobId)).toMatchObject({ retries: 1 });
    expect(await stack.job(others.failedJobId)).toMatchObject({ status: "failed" });
  });

  it("finds nothing of others, as if it had never been, and changes nothing", async () => {
    const before = await inventory(others);
    const faults = [];
    for (const operation of operations.filter(isOfCreators)) {
      if (!hasPlace(operation) && !operation.requestBody) continue;
      const answer = await ask(operation, others, key);
      const never = await ask(operation, madeUp, key);
      const { operationId } = operation;
      const told = Object.entries(others).filter(
        ([name, thing]) => name !== "creatorId" && answer.text.includes(thing),
      );
      if (told.length > 0 && answer.status !== 404) faults.push({ operationId, told });
      const isRefused = answer.status === 404 || answer.text.includes("_not_found");
      if (!isRefused && namesCreator(operation)) faults.push({ operationId, answer });
      if (isRefused && plain(answer, others) !== plain(never, madeUp)) {
        faults.push({ operationId, answer, never });
      }
    }
    expect(faults).toEqual([]);
    expect(await inventory(others)).toEqual(before);
  });

  it("sees its own in every list, and nothing of others', in JSON and CSV, whatever it asks for", async () => {
    const faults = [];
    for (const operation of operations.filter(
      (operation) => isOfCreators(operation) && !hasPlace(operation),
    )) {
      if (operation.method !== "GET") continue;
      const { operationId } = operation;
      for (const accept of mediaTypesOf(operation)) {
        for (const [at, search] of searchesOf(operation).entries()) {
          const { status, text } = await ask(operation, others, key, search, accept);
          const told = Object.values(others).filter((thing) => text.includes(thing));
          if (told.length > 0) faults.push({ operationId, accept, search, told });
          if (at > 0 || tellsOfNobody.includes(operationId)) continue;
          if (status !== 200 || !Object.values(own).some((thing) => text.includes(thing))) {
            faults.push({ operationId, accept, search, status, text });
          }
        }
      }
    }
    expect(faults).toEqual([]);
  });

  it("reads by every route what it was bound to, and an admin reads what others have", async () => {
    const faults = [];
    for (const operation of operations.filter(isOfCreators)) {
      if (operation.method !== "GET" || !hasPlace(operation)) continue;
      for (const [things, as] of [
        [own, key],
        [others, stack.adminKey],
      ] as const) {
        const { status, text } = await ask(operation, things, as);
        if (status !== 200) faults.push({ operation: operation.operationId, status, text });
      }
    }
    expect(faults).toEqual([]);
  });
});

/** Whether a request says in its path or body whose things it is about. */
function namesCreator(operation: Operation): boolean {
  return hasPlace(operation) || JSON.stringify(bodyFor(operation, others)).includes(others.creatorId);
}

function mediaTypesOf({ responses }: Operation): string[] {
  const { content } = responses["200"] as { content: Record<string, object> };
  return Object.keys(content);
}

const hourMs = 3_600_000;

/**
 * First without filters, grouped by creator where that can be; then of two hours about now, which is no whole day of any
 * month; then for another's things, by all that they are found by.
 */
function searchesOf({ parameters }: Operation): string[] {
  const has = (name: string) =>
    parameters.some((parameter) => parameter.in === "query" && parameter.name === name);
  const all = has("groupBy") ? "?groupBy=creator" : "?";
  const [from, to] = [-hourMs, hourMs].map((ms) => new Date(Date.now() + ms).toISOString());
  return [
    all,
    ...(has("from") && has("to")
      ? [`${all}&from=${from}&to=${to}`, `?creatorId=${others.creatorId}&from=${from}&to=${to}`]
      : []),
    ...(has("creatorId") ? [`?creatorId=${others.creatorId}`] : []),
    ...(has("jobId") ? [`?jobId=${others.jobId}&creatorId=${others.creatorId}`] : []),
    ...(has("providerMessage") ? ["?providerMessage=zebra"] : []),
    ...(has("q") ? ["zebra", ...Object.values(others)].map((words) => `?q=${words}`) : []),
  ];
}
