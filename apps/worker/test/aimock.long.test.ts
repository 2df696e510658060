import { type ChatCompletionRequest, type JournalEntry, LLMock, type TextResponse } from "@copilotkit/aimock";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { agentNames, findAgent } from "@understudy/agents";
import { promptTokensMax, sumUsd } from "@understudy/ledger";
import { eventually, priceBillEntry, type Stack, startStack } from "@understudy/testkit";
import { openReader } from "./job-reader.ts";
import { callsOfJob, jobThatEnds } from "./job-run.ts";

/** Every agent against a mock of Gemini that nobody here wrote. */

const creatorId = "psy";
const verdict = { allowed: true, categories: [], severity: "none", reasons: [] };
const draft = { response: "Hi you! There is a whole set from that afternoon.", confidence: 0.86 };
const offer = {
  message: "I have just put the whole set together, want to see it?",
  tactics: ["early_access"],
  suggestedPrice: 12.5,
  expectedConversionRate: 0.2,
  alternativeMessages: ["The whole set is ready, shall I show you?"],
  confidence: 0.7,
};
const caption = { caption: "The sea does not hurry.", hashtags: ["#sunset", "#beachlife"], confidence: 0.8 };
const explanation = {
  insights: ["Revenue has grown by about 14 a week."],
  recommendations: ["Keep the rhythm of posts of these four weeks."],
  patterns: [],
};

/**
 * What aimock answers, by how an agent's instructions begin: it reads no `responseJsonSchema`, so that which answer
 * fits can't be told otherwise. Each says another usage, so that no call can be paid with another's.
 */
const answers: [instructions: string, answer: object, promptTokens: number, outputTokens: number][] = [
  ["You check texts", verdict, 311, 23],
  ["You draft replies", { ...draft, compliance: verdict }, 457, 61],
  ["You advise a creator", offer, 389, 97],
  ["You write captions", caption, 263, 43],
  ["You explain a creator's figures", explanation, 503, 71],
];
const prompt = "Say hello.";
const promptWithoutUsage = "Say hello, and not what it costs.";

const fanMessage = {
  fanId: "fan_7",
  message: "loved your last post, do you have more photos like that?",
  context: { engagementLevel: "high" },
};

/** What each agent is asked, whom it calls for that, and what must stand in the result. */
const jobs: Record<string, { input: object; callers: string[]; result: object }> = {
  chat: {
    input: fanMessage,
    callers: ["compliance_ai", "compliance_ai", "compliance_ai", "messaging_ai", "sales_ai"],
    result: {
      ...draft,
      compliance: verdict,
      suggestedUpsell: offer.message,
      salesTactics: offer.tactics,
      suggestedPrice: "12.50",
    },
  },
  messaging: { input: fanMessage, callers: ["messaging_ai"], result: { ...draft, compliance: verdict } },
  sales: {
    input: { fanId: "fan_7", context: { currentMessage: fanMessage.message } },
    callers: ["sales_ai"],
    result: { ...offer, suggestedPrice: "12.50" },
  },
  content: {
    input: { platform: "instagram", contentInfo: { description: "sunset at the beach" } },
    callers: ["content_ai"],
    result: caption,
  },
  analytics: {
    input: { metrics: { timeframe: "weekly", revenueData: [120, 135, 150, 162] } },
    callers: ["analytics_ai"],
    result: explanation,
  },
  compliance: { input: { content: fanMessage.message }, callers: ["compliance_ai"], result: verdict },
  test: { input: { prompt }, callers: ["test_ai"], result: { text: "Hello!" } },
};

// Strict, a request that no fixture fits is answered with 503; else with 404, which says of Gemini that a model is gone.
const aimock = new LLMock({ port: 0, strict: true });
let stack: Stack;

beforeAll(async () => {
  for (const [systemMessage, answer, promptTokenCount, candidatesTokenCount] of answers) {
    const usage = { promptTokenCount, candidatesTokenCount };
    aimock.on({ systemMessage }, { content: JSON.stringify(answer), usage });
  }
  const usage = { promptTokenCount: 7, candidatesTokenCount: 3 };
  aimock.on({ userMessage: prompt }, { content: "Hello!", usage });
  aimock.on({ userMessage: promptWithoutUsage }, { content: "Hello!" });
  stack = await startStack({ environment: { GEMINI_BASE_URL: await aimock.start() } });
});

afterAll(async () => {
  await stack?.stop();
  await aimock.stop();
});

/** What aimock was asked for a call, and what it told of its usage. */
function askedFor(callId: string) {
  const entries = aimock.getRequests().filter((entry) => callIdOf(entry) === callId);
  expect(entries).toHaveLength(1);
  const [{ path, body, response }] = entries as [JournalEntry];
  const [, model = "", method = ""] = /^\/v1beta\/models\/([^:]+):(\w+)/.exec(path) ?? [];
  const { usage } = (response.fixture?.response ?? {}) as Partial<TextResponse>;
  return { model, method, usage, maxOutputTokens: (body as ChatCompletionRequest).max_tokens };
}

function callIdOf({ headers }: JournalEntry): string | undefined {
  return headers["x-understudy-call-id"];
}

/** Has an agent do a job, and gives what came of it, with its calls. */
async function run(agent: string, input: object) {
  const id = await stack.submit(agent, { creatorId, input });
  const job = await jobThatEnds(stack, id, "completed");
  expect(job.provider).toBe("other");
  return { id, result: job.result, calls: await callsOfJob(stack, id) };
}

describe("against aimock", () => {
  it("no agent is left out", () => {
    expect(Object.keys(jobs).sort()).toEqual([...agentNames].sort());
  });

  it.each(Object.entries(jobs))("%s completes, and costs what aimock has told", async (agent, asked) => {
    const { result, calls } = await run(agent, asked.input);
    expect(result).toMatchObject(asked.result);
    expect(findAgent(agent)?.output.safeParse(result)).toMatchObject({ success: true });
    expect(calls.map(({ agentId }) => agentId).sort()).toEqual(asked.callers);
    for (const call of calls) {
      const { model, method, usage } = askedFor(call.id);
      expect(usage).toBeDefined();
      expect(call).toMatchObject({
        model,
        // It does not say which model has answered.
        modelVersion: null,
        provider: "other",
        status: "settled",
        serviceTier: "standard",
        estimated: false,
        finishReason: "STOP",
        inputTokens: usage?.promptTokenCount,
        outputTokens: usage?.candidatesTokenCount,
      });
      expect(method).toBe(call.agentId === "messaging_ai" ? "streamGenerateContent" : "generateContent");
      const cost = priceBillEntry({ model, usageMetadata: usage, at: call.startedAt });
      expect(call.costUsd?.toFixed()).toBe(cost);
    }
  });

  it("a reply is shown piece by piece", async () => {
    aimock.prependFixture({
      match: { userMessage: "slowly" },
      response: { content: JSON.stringify({ ...draft, compliance: verdict }) },
      latency: 60,
    });
    const reader = openReader(stack.redis.url);
    try {
      const input = { fanId: "fan_8", message: "Tell me slowly!" };
      const id = await stack.submit("messaging", { creatorId, input });
      reader.read(id);
      await jobThatEnds(stack, id, "completed");
      const entries = await reader.entriesOf(id);
      expect(entries.length).toBeGreaterThan(1);
      expect(entries.map(({ kind }) => kind)).not.toContain("retract");
      expect(entries.map(({ text }) => text).join("")).toBe(draft.response);
    } finally {
      reader.close();
    }
  });

  it("a call whose usage it does not tell costs the most that it can have cost, as an estimate", async () => {
    // Named, so that nothing is held for a dearer one.
    const model = "gemini-3.5-flash-lite";
    const { calls } = await run("test", { prompt: promptWithoutUsage, model, maxOutputTokens: 64 });
    expect(calls).toMatchObject([
      { model, provider: "other", status: "settled", estimated: true, inputTokens: 0, outputTokens: 0 },
    ]);
    for (const { id, costUsd, startedAt: at } of calls) {
      const { usage, maxOutputTokens } = askedFor(id);
      expect(usage).toBeUndefined();
      const promptTokenCount = promptTokensMax({ system: "", maxOutputTokens: 64, partsBytesMax: 0 }, [
        promptWithoutUsage,
      ]);
      const usageMetadata = { promptTokenCount, candidatesTokenCount: maxOutputTokens };
      expect(costUsd?.toFixed()).toBe(priceBillEntry({ model, usageMetadata, at }));
    }
  });

  it("each request has its row, and the account is their sum", async () => {
    const { usageLog, account } = stack.database.prisma;
    const calls = await usageLog.findMany();
    expect(aimock.getRequests().map(callIdOf).sort()).toEqual(calls.map(({ id }) => id).sort());
    // What a job did not use is given back right after its end.
    await eventually(async () => {
      const accounts = await account.findMany({ where: { creatorId } });
      const sums = accounts.map(({ heldUsd, unknownUsd, spentUsd }) =>
        [heldUsd, unknownUsd, spentUsd].map((usd) => usd.toFixed()),
      );
      const spent = sumUsd(calls.map(({ costUsd }) => costUsd?.toFixed() ?? "0"));
      expect(sums).toEqual([["0", "0", spent.toFixed()]]);
    });
  });
});
