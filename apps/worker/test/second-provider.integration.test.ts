import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, expect, it } from "@jest/globals";
import { newId } from "@understudy/database";
import {
  type Generation,
  type GenerationRequest,
  generateTextWithBilling,
  type ModelProvider,
} from "@understudy/gemini";
import { claimJobs, createJobs } from "@understudy/jobs";
import { Ledger, sumUsd } from "@understudy/ledger";
import { ModelRegistry } from "@understudy/models";
import { newClaim } from "@understudy/testkit";
import { openSuiteDatabase } from "@understudy/testkit/suite";

const { database } = await openSuiteDatabase(2);
// As it was before it was retired.
await database.prisma.model.updateMany({ data: { retiresAt: null, routedTo: null } });
const ledger = new Ledger(database);
const registry = new ModelRegistry(database, ledger.prices);

/** Speaks a protocol of its own: lines of text, counts in headers, other words for how it ends. */
const server = createServer(async (request, response) => {
  const [model, ...lines] = Buffer.concat(await request.toArray())
    .toString()
    .split("\n");
  if (request.headers.authorization !== "Token acme") return response.writeHead(403).end("who?");
  if (lines.includes("weapons")) {
    return response.writeHead(200, { "acme-end": "refused", "acme-read": 40, "acme-wrote": 0 }).end();
  }
  if (lines.includes("later")) return response.writeHead(429, { "retry-after": "2" }).end("later");
  if (lines.includes("cut")) {
    return response.writeHead(200, { "acme-end": "done" }).write("half", () => response.destroy());
  }
  response.writeHead(200, { "acme-end": "done", "acme-read": 1_000, "acme-cached": 400, "acme-wrote": 500 });
  return response.end(`${model} says: ${lines.at(-1)?.toUpperCase()}`);
});

/** The whole of an adapter: one request, and every end of it as a value. */
class AcmeProvider implements ModelProvider {
  readonly name = "acme";
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async generate(request: GenerationRequest): Promise<Generation> {
    const deadline = AbortSignal.timeout(request.timeoutSeconds * 1_000);
    try {
      const response = await fetch(this.#url, {
        method: "POST",
        headers: { authorization: "Token acme" },
        body: [request.model, request.system, ...request.parts].join("\n"),
        signal: AbortSignal.any([request.signal, deadline]),
      });
      const text = await response.text();
      return response.ok ? this.#answer(response.headers, text) : this.#refusal(response);
    } catch (error) {
      const { code } = ((error as Error).cause ?? {}) as { code?: string };
      if (code === "ECONNREFUSED") return { kind: "refused", errorCode: "unreachable", retryable: true };
      return { kind: "lost", reason: deadline.aborted ? "timeout" : "connection" };
    }
  }

  async close(): Promise<void> {}

  #answer(headers: Headers, text: string): Generation {
    const count = (name: string) => Number(headers.get(`acme-${name}`));
    const isRefused = headers.get("acme-end") === "refused";
    return {
      kind: "answered",
      text,
      ...(isRefused ? { blockReason: "ACME_POLICY" } : { finishReason: "STOP" }),
      usage: {
        promptTokenCount: count("read"),
        cachedContentTokenCount: count("cached"),
        candidatesTokenCount: count("wrote"),
        totalTokenCount: count("read") + count("wrote"),
      },
      serviceTier: "standard",
      provider: "other",
    };
  }

  #refusal({ status, headers }: Response): Generation {
    return {
      kind: "refused",
      httpStatus: status,
      errorCode: `acme_${status}`,
      retryable: status === 429,
      retryAfterMs: Number(headers.get("retry-after")) * 1_000,
      provider: "other",
    };
  }
}

await once(server.listen(0, "127.0.0.1"), "listening");
const acme = new AcmeProvider(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

/** One billed call of a job of its own. @returns what came of it, and what was written down */
async function billed(prompt: string, gemini = acme) {
  const [id, creatorId, feature, model] = [newId("job"), newId("evt"), "test", "gemini-2.5-flash"];
  const job = { id, creatorId, feature, model, agent: "test", input: {}, inputBytes: 2, priority: 1 };
  await createJobs(database, [{ ...job, requiredUsd: "0", createCreator: true }]);
  const { generation } = await database.prisma.job.findUniqueOrThrow({ where: { id } });
  const [claimed] = await claimJobs(database, [newClaim(id, { generation })]);
  const call = { creatorId, feature, agentId: "test_ai", jobId: id, stepKey: "s" };
  const { attempt = 0 } = claimed ?? {};
  const dependencies = { gemini, ledger, registry };
  const outcome = await generateTextWithBilling(dependencies, {
    step: { role: "draft", model, system: "Shout.", maxOutputTokens: 1_000, partsBytesMax: 1_000 },
    ...{ parts: [prompt], timeoutSeconds: 10, plan: "starter", reserveUsd: () => sumUsd([]) },
    signal: new AbortController().signal,
    metadata: { ...call, attempt },
  });
  await ledger.writeKept({ jobId: id, attempt });
  const row = await database.prisma.usageLog.findFirstOrThrow({ where: { jobId: id } });
  return { outcome, row: { status: row.status, usd: row.costUsd?.toFixed(), provider: row.provider } };
}

it("bills each end of a call to a provider that it knows by its port alone", async () => {
  const cost = { provider: "other", status: "settled" };
  // (1,000 − 400) × 0.30 + 400 × 0.03 + 500 × 2.50, for a million.
  expect(await billed("hello")).toMatchObject({
    outcome: { kind: "answered", value: "gemini-2.5-flash says: HELLO", finishReason: "STOP" },
    row: { ...cost, usd: "0.001442" },
  });
  expect(await billed("weapons")).toMatchObject({
    outcome: { kind: "blocked", reason: "ACME_POLICY" },
    row: { ...cost, usd: "0.000012" },
  });
  expect(await billed("later")).toMatchObject({
    outcome: { kind: "model_wait", delayMs: 2_000 },
    row: { provider: "other", status: "released", usd: "0" },
  });
  expect(await billed("cut")).toMatchObject({ outcome: { kind: "lost" }, row: { status: "started" } });
  const nowhere = new AcmeProvider("http://127.0.0.1:2");
  expect(await billed("hello", nowhere)).toMatchObject({
    outcome: { kind: "refused", errorCode: "unreachable" },
    row: { status: "released" },
  });
});
