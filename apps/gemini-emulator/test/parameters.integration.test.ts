import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { type Emulated, emulate, hello } from "./emulated.ts";

/** What each model takes, and what Google refuses in these words. */

let strict: Emulated;
let lenient: Emulated;
beforeAll(async () => {
  [strict, lenient] = await Promise.all([emulate(), emulate({ lenient: true })]);
});
afterAll(() => Promise.all([strict.emulator.stop(), lenient.emulator.stop()]));

const newer = [
  "gemini-4-neon",
  "gemini-4-hydrogen",
  "gemini-4-carbon",
  "gemini-4-argon",
  "gemini-3.8-flash",
  "gemini-3.7-flash",
  "gemini-3.6-flash",
  "gemini-3.5-flash-lite",
];

const ask = (model: string, generationConfig: object, method = "generateContent", emulated = strict) =>
  emulated.post(`/v1beta/models/${model}:${method}`, { ...hello, generationConfig });

const turns = [
  { role: "user", parts: [{ text: "Say hello" }] },
  { role: "model", parts: [{ text: "Hello and" }] },
];

async function refusal(response: Response) {
  const { error } = (await response.json()) as { error: { code: number; status: string; message: string } };
  expect([response.status, error.code, error.status]).toEqual([400, 400, "INVALID_ARGUMENT"]);
  return error.message;
}

describe("what Google refuses", () => {
  it.each(newer)("%s: penalties, several candidates, a last turn of its own", async (model) => {
    for (const penalty of [{ frequencyPenalty: 0.5 }, { presencePenalty: -0.5 }, { presence_penalty: 1 }]) {
      expect(await refusal(await ask(model, penalty))).toBe("Penalty is not enabled for this model");
    }
    expect(await refusal(await ask(model, { candidateCount: 2 }))).toBe(
      "Multiple candidates is not enabled for this model",
    );
    for (const method of ["generateContent", "streamGenerateContent"]) {
      const response = await strict.post(`/v1/models/${model}:${method}`, { contents: turns });
      expect(await refusal(response)).toBe(
        "Requests ending with a model turn are not supported unless the last part is a function response.",
      );
    }
  });

  it.each(newer)("%s takes what says nothing, or is ignored", async (model) => {
    const harmless = {
      frequencyPenalty: 0,
      presencePenalty: 0,
      candidateCount: 1,
      temperature: 0,
      topP: 1,
      topK: 1,
    };
    expect((await ask(model, harmless)).status).toBe(200);
    const answered = [...turns.slice(0, 1), { role: "model", parts: [{ functionResponse: { name: "f" } }] }];
    expect((await strict.post(`/v1/models/${model}:generateContent`, { contents: answered })).status).toBe(
      200,
    );
  });

  it.each(["gemini-2.5-flash", "gemini-3-flash-preview", "gemini-3.1-flash-lite", "gemini-3.1-pro-preview"])(
    "%s goes on from a turn of its own",
    async (model) => {
      expect((await strict.post(`/v1/models/${model}:generateContent`, { contents: turns })).status).toBe(
        200,
      );
    },
  );
});

describe("how much a model writes", () => {
  const limit = (most: number) => `supported range is from 1 (inclusive) to ${most + 1} (exclusive)`;

  it.each([
    ["gemini-4-argon", 32_768, 65_536],
    ["gemini-4-carbon", 32_768, 65_536],
    ["gemini-4-neon", 65_536, 65_536],
    ["gemini-4-hydrogen", 65_536, 65_536],
    ["gemini-3.5-flash-lite", 65_536, 65_536],
    ["gemini-2.5-pro", 65_536, 65_536],
  ])("%s: %i tokens at once, %i streamed", async (model, unary, streamed) => {
    for (const [method, most] of [
      ["generateContent", unary],
      ["streamGenerateContent", streamed],
    ] as const) {
      expect((await ask(model, { maxOutputTokens: most }, method)).status).toBe(200);
      expect(await refusal(await ask(model, { maxOutputTokens: most + 1 }, method))).toContain(limit(most));
    }
  });

  it("is cut there without being told, too", async () => {
    const text = "x".repeat(4 * 40_000);
    await strict.rule({ match: { contains: "long" }, respond: { text } });
    const request = {
      contents: [{ parts: [{ text: "long" }] }],
      generationConfig: { thinkingConfig: { thinkingLevel: "LOW" } },
    };
    const once = (await (await strict.post("/v1/models/gemini-4-argon:generateContent", request)).json()) as {
      candidates: { finishReason: string }[];
      usageMetadata: { candidatesTokenCount: number; thoughtsTokenCount: number };
    };
    expect(once.candidates[0]?.finishReason).toBe("MAX_TOKENS");
    expect(once.usageMetadata.candidatesTokenCount + once.usageMetadata.thoughtsTokenCount).toBe(32_768);
    const path = "/v1/models/gemini-4-argon:streamGenerateContent";
    const events = (await (await strict.post(path, request)).json()) as (typeof once)[];
    expect(events.at(-1)?.candidates[0]?.finishReason).toBe("STOP");
    await fetch(`${strict.emulator.url}/_emulator/rules`, { method: "DELETE" });
  });

  it("shares one context with the prompt since Gemini 4", async () => {
    const prompt = [{ parts: [{ text: "x".repeat(4 * (1_048_576 - 10)) }] }];
    const room = async (model: string) => {
      const response = await strict.post(`/v1/models/${model}:generateContent`, { contents: prompt });
      const { usageMetadata } = (await response.json()) as { usageMetadata: { totalTokenCount: number } };
      return usageMetadata.totalTokenCount;
    };
    expect(await room("gemini-4-neon")).toBe(1_048_576);
    expect(await room("gemini-3.8-flash")).toBeGreaterThan(1_048_576);
  });
});

describe("which tier served", () => {
  const ways = [
    ["asked for nothing", {}, {}, "standard"],
    ["asked for priority", { serviceTier: "priority" }, {}, "priority"],
    ["FLEX", { service_tier: "FLEX" }, {}, "flex"],
    [
      "served as another",
      { serviceTier: "priority" },
      { headers: { "X-Gemini-Service-Tier": "standard" } },
      "standard",
    ],
    [
      "served as another, by the usage",
      { serviceTier: "priority" },
      { usageMetadata: { promptTokenCount: 1, serviceTier: "STANDARD" } },
      "standard",
    ],
  ] as const;

  it.each(ways)(
    "%s: in each usage, in the header where nothing is streamed, on the bill",
    async (_, asked, respond, tier) => {
      await strict.post("/_emulator/reset", {});
      if (Object.keys(respond).length > 0) await strict.rule({ match: {}, respond });
      const path = "/v1beta/models/gemini-3.5-flash-lite";
      const unary = await strict.post(`${path}:generateContent`, { ...hello, ...asked });
      const { usageMetadata } = (await unary.json()) as { usageMetadata: { serviceTier: string } };
      expect([usageMetadata.serviceTier.toLowerCase(), unary.headers.get("x-gemini-service-tier")]).toEqual([
        tier,
        tier,
      ]);
      const streamed = await strict.post(`${path}:streamGenerateContent`, { ...hello, ...asked });
      if (!("headers" in respond)) expect(streamed.headers.get("x-gemini-service-tier")).toBeNull();
      const events = (await streamed.json()) as { usageMetadata: { serviceTier: string } }[];
      expect(events.map((event) => event.usageMetadata.serviceTier.toLowerCase())).toEqual(
        events.map(() => tier),
      );
      expect((await strict.bill()).calls.map(({ serviceTier }) => serviceTier)).toEqual([tier, tier]);
    },
  );
});

describe("lenient", () => {
  it.each([
    ["a penalty", "gemini-4-neon", { frequencyPenalty: 1 }],
    [
      "a level that a model does not have",
      "gemini-3.8-flash",
      { thinkingConfig: { thinkingLevel: "MINIMAL" } },
    ],
    ["a level on 2.5", "gemini-2.5-flash", { thinkingConfig: { thinkingLevel: "LOW" } }],
    ["a budget where levels are", "gemini-4-argon", { thinkingConfig: { thinkingBudget: 0 } }],
    ["level and budget", "gemini-3.6-flash", { thinkingConfig: { thinkingLevel: "LOW", thinkingBudget: 9 } }],
    ["more output than fits", "gemini-4-argon", { maxOutputTokens: 65_536 }],
  ])("takes %s", async (_, model, config) => {
    await refusal(await ask(model, config));
    expect((await ask(model, config, "generateContent", lenient)).status).toBe(200);
  });

  it("takes a last turn of the model's, and still refuses what was always refused", async () => {
    const path = "/v1/models/gemini-3.6-flash:generateContent";
    expect((await lenient.post(path, { contents: turns })).status).toBe(200);
    for (const [model, config] of [
      ["gemini-2.5-pro", { thinkingConfig: { thinkingBudget: 0 } }],
      ["gemini-3.6-flash", { candidateCount: 2 }],
      ["gemini-3.6-flash", { maxOutputTokens: 65_537 }],
      ["gemini-3.6-flash", { thinkingConfig: { thinkingLevel: "BOGUS" } }],
    ] as const) {
      await refusal(await ask(model, config, "generateContent", lenient));
    }
  });
});
