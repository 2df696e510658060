import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Price, Quote } from "@understudy/contracts";
import { type Stack, startStack } from "@understudy/testkit";
import { problemOf } from "./problem-of.ts";

let stack: Stack;

beforeAll(async () => {
  stack = await startStack({ workers: 0 });
});

afterAll(() => stack.stop());

const path = "/api/ai/admin/prices";
const price = {
  model: "gemini-9-flash",
  inputUsd: "0.40",
  outputUsd: "3",
  cachedUsd: "0.04",
  source: "https://ai.google.dev/gemini-api/docs/pricing (read in a test)",
};
const post = (body: unknown) => stack.request("POST", path, body);
const quote = (body: unknown) => stack.request("POST", `${path}/quote`, body);
const list = async (query = "") =>
  ((await (await stack.request("GET", path + query)).json()) as { items: Price[] }).items;
const inOneHour = () => new Date(Date.now() + 3_600_000).toISOString();

describe("prices", () => {
  it("are listed with their source and whether they are in force", async () => {
    const items = await list();
    expect(items.length).toBeGreaterThanOrEqual(99);
    expect(items.every((item) => item.source.length > 0)).toBe(true);
    expect(await list("?model=gemini-3.1-pro-preview")).toContainEqual({
      provider: "gemini",
      model: "gemini-3.1-pro-preview",
      serviceTier: "standard",
      regionClass: "global",
      validFrom: "2025-01-01T00:00:00.000Z",
      inForce: true,
      inputUsd: "2",
      outputUsd: "12",
      cachedUsd: "0.2",
      audioInputUsd: "2",
      audioCachedUsd: "0.2",
      longContext: { above: 200_000, inputUsd: "4", outputUsd: "18", cachedUsd: "0.4" },
      source: "https://ai.google.dev/gemini-api/docs/pricing (undated copy)",
    });
  });

  it("of a new model can be used at once", async () => {
    const refused = await stack.request("POST", "/api/ai/test", {
      creatorId: "psy",
      prompt: "x",
      model: price.model,
    });
    expect(await problemOf(refused)).toMatchObject({ status: 400, code: "unknown_model" });

    const response = await post(price);
    expect(response.status).toBe(201);
    expect(await response.json()).toMatchObject({
      model: "gemini-9-flash",
      serviceTier: "standard",
      inForce: true,
      inputUsd: "0.4",
      audioInputUsd: "0.4",
      audioCachedUsd: "0.04",
      longContext: null,
    });
    // What it can do has to be said, too.
    const registered = await stack.request("PUT", `/api/ai/admin/models/gemini/${price.model}`, {
      capabilities: {
        ...{ purpose: "generate", thinking: null, outputTokensMax: 8_192, cacheTokensMin: null },
        ...{ input: ["text"], output: ["text"], structuredOutput: null, ignored: [], refused: [] },
      },
      source: "a test",
    });
    expect(registered.status).toBe(200);
    const accepted = await stack.request("POST", "/api/ai/test", {
      creatorId: "psy",
      prompt: "x",
      model: price.model,
    });
    expect(accepted.status).toBe(202);
  });

  it("that begin later are told as such, and quoted from then on", async () => {
    const model = "gemini-2.5-flash-lite";
    const validFrom = inOneHour();
    expect((await post({ ...price, model, validFrom })).status).toBe(201);
    expect((await list(`?model=${model}`)).filter((item) => item.serviceTier === "standard")).toMatchObject([
      { validFrom, inForce: false },
      { inForce: true, inputUsd: "0.1" },
    ]);
    const usageMetadata = { promptTokenCount: 1_000_000 };
    const total = async (at?: string) =>
      ((await (await quote({ model, usageMetadata, ...(at && { at }) })).json()) as Quote).totalUsd;
    expect([await total(), await total(validFrom)]).toEqual(["0.1", "0.4"]);
  });

  it("are never edited: one from the same time is refused", async () => {
    const dated = {
      ...price,
      model: "models/gemini-2.5-pro-001",
      serviceTier: "flex",
      validFrom: inOneHour(),
    };
    expect((await post(dated)).status).toBe(201);
    const again = await problemOf(await post({ ...dated, inputUsd: "9" }));
    expect(again).toMatchObject({ status: 409, code: "price_exists", retryable: false });
  });

  it("of nothing is refused where a role would have no model", async () => {
    const validFrom = inOneHour();
    const nothing = { ...price, inputUsd: "0", outputUsd: "0", cachedUsd: "0", validFrom };
    expect((await post({ ...nothing, model: "gemini-3.5-flash-lite" })).status).toBe(201);
    expect(await problemOf(await post({ ...nothing, model: "gemini-3.1-flash-lite" }))).toMatchObject({
      status: 409,
      code: "role_left_empty",
      roles: expect.arrayContaining(["draft", "check"]),
    });
  });

  it.each([
    ["that is over", "2026-01-01T00:00:00Z"],
    ["that not every process can know in time", new Date(Date.now() + 30_000).toISOString()],
  ])("of a model that has one are refused from a time %s", async (_name, validFrom) => {
    expect(await problemOf(await post({ ...price, model: "gemini-2.5-flash", validFrom }))).toMatchObject({
      status: 400,
      code: "invalid_request",
      errors: [{ pointer: "#/validFrom" }],
    });
  });

  it.each([
    ["no source", { source: undefined }, "#/source"],
    ["a blank source", { source: "  " }, "#/source"],
    ["no output price", { outputUsd: undefined }, "#/outputUsd"],
    ["a price that is a number", { inputUsd: 0.4 }, "#/inputUsd"],
    ["a negative price", { inputUsd: "-1" }, "#/inputUsd"],
    ["a price finer than a picodollar a token", { inputUsd: "0.0000001" }, "#/inputUsd"],
    ["half a long context", { longContext: { above: 200_000, inputUsd: "1" } }, "#/longContext/outputUsd"],
    ["a tier that there is not", { serviceTier: "express" }, "#/serviceTier"],
    ["a name that no model has", { model: "gemini 9" }, "#/model"],
    ["a day that there is not", { validFrom: "2026-13-01T00:00:00Z" }, "#/validFrom"],
    ["a year that Postgres has not", { validFrom: "0000-01-01T00:00:00Z" }, "#/validFrom"],
    ["an unknown field", { currency: "EUR" }, "#/currency"],
  ])("with %s are refused", async (_name, change, pointer) => {
    const problem = await problemOf(await post({ ...price, model: "gemini-10-flash", ...change }));
    expect(problem).toMatchObject({ status: 400, code: "invalid_request" });
    expect(problem.errors?.map((error) => error.pointer)).toContain(pointer);
    expect(await list("?model=gemini-10-flash")).toEqual([]);
  });

  it("are asked for by nothing but a model", async () => {
    expect(await problemOf(await stack.request("GET", `${path}?tier=flex`))).toMatchObject({
      code: "invalid_request",
    });
  });
});

describe("a quote", () => {
  const usageMetadata = { promptTokenCount: 1000, candidatesTokenCount: 1000 };

  it("explains itself line by line", async () => {
    const at = "2026-11-30T23:59:59Z";
    const response = await quote({
      model: "models/gemini-2.5-flash",
      serviceTier: "batch",
      usageMetadata,
      at,
    });
    expect(response.status).toBe(200);
    const source = "https://ai.google.dev/gemini-api/docs/pricing (copy of 2026-09)";
    expect(await response.json()).toEqual({
      model: "gemini-2.5-flash",
      serviceTier: "batch",
      validFrom: "2025-01-01T00:00:00.000Z",
      lines: [
        { what: "input", tokens: 1000, usdPerMillion: "0.15", usd: "0.00015", source },
        { what: "output", tokens: 1000, usdPerMillion: "1.25", usd: "0.00125", source },
      ],
      totalUsd: "0.0014",
      estimated: false,
    });
  });

  it.each([
    ["an unknown model", { model: "gpt-9" }, "unknown_model", "#/model"],
    [
      "a tier without a price",
      { model: "gemini-embedding-001", serviceTier: "priority" },
      "unknown_model",
      "#/serviceTier",
    ],
    ["a time before all prices", { at: "2019-01-01T00:00:00Z" }, "unknown_model", "#/at"],
    [
      "a usage without a prompt",
      { usageMetadata: { candidatesTokenCount: 5 } },
      "invalid_request",
      "#/usageMetadata",
    ],
    ["a negative count", { usageMetadata: { promptTokenCount: -1 } }, "invalid_request", "#/usageMetadata"],
    ["a usage that is none", { usageMetadata: 5 }, "invalid_request", "#/usageMetadata"],
    ["no usage", { usageMetadata: undefined }, "invalid_request", "#/usageMetadata"],
    ["a time that is none", { at: "tomorrow" }, "invalid_request", "#/at"],
    ["an unknown field", { tier: "flex" }, "invalid_request", "#/tier"],
  ])("is refused for %s", async (_name, change, code, pointer) => {
    const problem = await problemOf(await quote({ model: "gemini-2.5-flash", usageMetadata, ...change }));
    expect(problem).toMatchObject({ status: 400, code, errors: [{ pointer }] });
    if (code === "unknown_model") expect(problem.models).toContain("gemini-2.5-flash");
  });
});
