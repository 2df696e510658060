import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Call, CallExplanation, Costs, Job, RegisteredModel } from "@understudy/contracts";
import { formatUsd, sumUsd } from "@understudy/ledger";
import { eventually, priceBillEntry, readBill, type Stack, startStack } from "@understudy/testkit";

/**
 * Vectors like those of gemini.md, and the answers that cost what nobody expects, through the whole system: at prices
 * that no announced change touches, since calls are billed by today's.
 */

let stack: Stack;
const creatorId = "vectors";

beforeAll(async () => {
  stack = await startStack();
  await stack.request("PUT", `/api/ai/creators/${creatorId}`, {
    plan: "business",
    bucket: { ratePerHour: 1_000_000, burst: 1_000 },
  });
});

afterAll(() => stack.stop());

interface Vector {
  model?: string;
  serviceTier?: "flex" | "priority";
  /** What the emulator answers, beside `usageMetadata`. */
  respond?: object;
  usage: object;
  status?: Job["status"];
}

let count = 0;

/** A job whose one call is answered with that usage: its job, its call and why that cost what it cost. */
async function run({ model, serviceTier, respond, usage, status = "completed" }: Vector) {
  const prompt = `vector-${++count}-`;
  await stack.rule({
    match: { contains: prompt },
    respond: { usageMetadata: usage, ...respond },
    times: 1,
  });
  const input = { prompt, ...(model && { model }), ...(serviceTier && { serviceTier }) };
  const id = await stack.submit("test", { creatorId, input });
  const job = await eventually(async () => {
    const found = await stack.job(id);
    expect(found.status).toBe(status);
    return found;
  });
  const { items } = await get<{ items: Call[] }>(`calls?jobId=${id}`);
  expect(items).toHaveLength(1);
  const call = items[0] as Call;
  return { job, call, explanation: await get<CallExplanation>(`calls/${call.id}/explain`) };
}

async function get<Answer>(path: string): Promise<Answer> {
  return (await (await stack.request("GET", `/api/ai/admin/${path}`)).json()) as Answer;
}

const P = (promptTokenCount: number, rest: object = {}) => ({ promptTokenCount, ...rest });
const O = (candidatesTokenCount: number) => ({ candidatesTokenCount });
const R = (thoughtsTokenCount: number) => ({ thoughtsTokenCount });
const C = (cachedContentTokenCount: number) => ({ cachedContentTokenCount });
const T = (totalTokenCount: number) => ({ totalTokenCount });
const priority = {
  serviceTier: "priority",
  respond: { headers: { "x-gemini-service-tier": "priority" } },
} as const;
/** Its price of audio is its own. */
const hears = { model: "gemini-3-flash-preview" };
/** Has a price for long context. */
const pro = { model: "gemini-3.1-pro-preview" };
const audio = {
  promptTokensDetails: [
    { modality: "TEXT", tokenCount: 500 },
    { modality: "AUDIO", tokenCount: 1500 },
  ],
};

describe("what a call costs, from Gemini's answer to the ledger, the costs and their explanation", () => {
  const vectors: [name: string, vector: Vector, usd: string][] = [
    ["plain", { usage: P(1000, O(500)) }, "0.00155"],
    ["thoughts beside the output", { usage: P(264, { ...O(104), ...R(989) }) }, "0.0028117"],
    ["a real sample", { ...pro, usage: P(7477, { ...O(2060), ...R(1939), ...T(11_476) }) }, "0.062942"],
    [
      "thoughts inside the output",
      { ...pro, usage: P(1000, { ...O(300), ...R(200), ...T(1300) }) },
      "0.0056",
    ],
    ["cached", { usage: P(19_882, { ...C(16_214), ...O(185), ...R(384) }) }, "0.00300932"],
    ["audio", { ...hears, usage: P(2000, { ...audio, ...O(100) }) }, "0.00205"],
    ["200,000 is not long context", { ...pro, usage: P(200_000, O(1000)) }, "0.412"],
    ["200,001 is", { ...pro, usage: P(200_001, O(1000)) }, "0.818004"],
    ["priority", { ...priority, usage: P(1000, { ...C(400), ...O(1000) }) }, "0.0048456"],
    [
      "priority served as standard",
      {
        serviceTier: "priority",
        respond: { headers: { "x-gemini-service-tier": "standard" } },
        usage: P(1000, { ...C(400), ...O(1000) }),
      },
      "0.002692",
    ],
    [
      "flex",
      {
        serviceTier: "flex",
        respond: { headers: { "x-gemini-service-tier": "flex" } },
        usage: P(1000, O(1000)),
      },
      "0.0014",
    ],
    [
      "a blocked prompt",
      { usage: P(9311), respond: { blockReason: "SAFETY" }, status: "blocked" },
      "0.0027933",
    ],
    [
      "all thought and no answer",
      {
        usage: P(1000, { ...R(1000), ...T(2000) }),
        respond: { finishReason: "MAX_TOKENS", text: "" },
        status: "blocked",
      },
      "0.0028",
    ],
    ["a model by another name", { model: "models/gemini-2.5-flash-001", usage: P(1000, O(500)) }, "0.00155"],
  ];

  it.each(vectors)("%s", async (_name, vector, usd) => {
    const { job, call, explanation } = await run(vector);
    expect(call).toMatchObject({ status: "settled", costUsd: usd, estimated: false });
    expect(job.usage).toMatchObject({ costUsd: usd, calls: 1 });
    expect(explanation).toMatchObject({ callId: call.id, totalUsd: usd, unknownUsd: "0" });
    expect(formatUsd(sumUsd(explanation.lines.map((line) => line.usd)))).toBe(usd);
    for (const { tokens, usdPerMillion, usd: lineUsd, source } of explanation.lines) {
      expect(picodollars(lineUsd) * 1_000_000n).toBe(BigInt(tokens ?? 0) * picodollars(usdPerMillion ?? "0"));
      expect(source).not.toBe("");
    }
    const entry = (await readBill(stack.emulatorUrl)).find(({ callId }) => callId === call.id);
    if (!entry) throw new Error("The call is not on the bill.");
    expect(priceBillEntry(entry)).toBe(usd);
  });

  it("bills the tier that was served, and shows it", async () => {
    const usage = P(1000, O(1000));
    const served = await run({ ...priority, usage });
    expect(served.call.serviceTier).toBe("priority");
    const downgraded = await run({
      serviceTier: "priority",
      respond: { headers: { "x-gemini-service-tier": "standard" } },
      usage,
    });
    expect(downgraded.call.serviceTier).toBe("standard");
    expect(downgraded.explanation.lines[0]).toMatchObject({ what: "input", usdPerMillion: "0.3" });
  });
});

it("each model that can be called takes what is sent to it, with a budget of thoughts too, and costs no more than is held", async () => {
  const { items: registered } = await get<{ items: RegisteredModel[] }>("models");
  const models = registered
    .filter(({ status, capabilities }) => status !== "retired" && capabilities.purpose === "generate")
    .map(({ model }) => model);
  expect(models.length).toBeGreaterThanOrEqual(15);
  // Few: most of what is billed, and held, is thoughts.
  const maxOutputTokens = 64;
  const inputs = models.flatMap((model) => [
    { prompt: `Say hello to ${model}.`, model, maxOutputTokens },
    { prompt: `Think, ${model}.`, model, maxOutputTokens, thinkingBudget: 1_024 },
  ]);
  const ids = await Promise.all(inputs.map((input) => stack.submit("test", { creatorId, input })));
  count += ids.length;
  const bill = await eventually(async () => {
    for (const id of ids) expect(await stack.job(id)).toMatchObject({ status: "completed" });
    return readBill(stack.emulatorUrl);
  });
  for (const [index, id] of ids.entries()) {
    const { items } = await get<{ items: Call[] }>(`calls?jobId=${id}`);
    expect(items).toMatchObject([{ status: "settled", model: inputs[index]?.model, finishReason: "STOP" }]);
    const [call] = items;
    const entry = bill.find(({ callId }) => callId === call?.id);
    if (!call || !entry) throw new Error("The call is not on the bill.");
    expect(priceBillEntry(entry)).toBe(call.costUsd);
    expect(picodollars(call.costUsd ?? "")).toBeLessThanOrEqual(picodollars(call.holdUsd));
  }
});

describe("usage that says too little, or too much", () => {
  it.each([
    ["without the prompt", { candidatesTokenCount: 3 }],
    ["empty", {}],
  ])("%s: the cost is the call's upper bound, and its line says so", async (_name, usage) => {
    const { call, explanation } = await run({ usage });
    expect(call).toMatchObject({ estimated: true, costUsd: call.holdUsd });
    expect(call.costUsd).not.toBe("0");
    expect(explanation).toMatchObject({
      estimated: true,
      totalUsd: call.holdUsd,
      lines: [{ what: "upper bound: no usage came", usd: call.holdUsd }],
    });
  });

  it("a total above its parts: what no field names is billed as output", async () => {
    const { call, explanation } = await run({ usage: P(100, { ...O(10), ...T(150) }) });
    expect(call).toMatchObject({ estimated: true, costUsd: "0.000155" });
    expect(explanation.lines.map(({ tokens }) => tokens)).toEqual([100, 10, 40]);
    expect(explanation.totalUsd).toBe("0.000155");
  });

  it("more cached than there is: no more is cheap than the prompt is long", async () => {
    const { call } = await run({ usage: P(100, { ...C(200), ...O(10) }) });
    expect(call).toMatchObject({ estimated: true, costUsd: "0.000028", cachedTokens: 100 });
  });

  it("cached audio that is not told apart: the dear part is audio", async () => {
    const { call } = await run({ ...hears, usage: P(2000, { ...audio, ...C(600), ...O(100) }) });
    // 500 cached as text, 100 as audio; 1,400 audio in full.
    expect(call).toMatchObject({ estimated: true, costUsd: "0.001735" });
  });
});

it("the costs are the sum of all of them", async () => {
  const [{ total }, { items }] = await Promise.all([
    get<Costs>(`costs?creatorId=${creatorId}`),
    get<{ items: Call[] }>(`calls?creatorId=${creatorId}&limit=1000`),
  ]);
  expect(items).toHaveLength(count);
  expect(total.costUsd).toBe(formatUsd(sumUsd(items.map((call) => call.costUsd ?? "0"))));
  expect(total.calls).toBe(count);
});

function picodollars(usd: string): bigint {
  const [whole = "0", fraction = ""] = usd.split(".");
  return BigInt(whole + fraction.padEnd(12, "0"));
}
