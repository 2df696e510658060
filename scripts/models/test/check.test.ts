import { describe, expect, test } from "@jest/globals";
import type { Price, RegisteredModel } from "@understudy/contracts";
import { checkRegistry, type Registry } from "../check.ts";

const now = new Date("2026-11-15T00:00:00Z");

function registered(change: Partial<RegisteredModel> = {}): RegisteredModel {
  return {
    provider: "gemini",
    model: "gemini-3.5-flash-lite",
    status: "active",
    capabilities: {
      purpose: "generate",
      thinking: { by: "level", levels: ["MINIMAL", "LOW"] },
      outputTokensMax: 65_536,
      cacheTokensMin: null,
      input: ["text"],
      output: ["text"],
      structuredOutput: "responseJsonSchema",
      ignored: [],
      refused: [],
    },
    source: "a test",
    seenAt: now.toISOString(),
    roles: [],
    ...change,
  };
}

/** As genai-prices has it. */
function priced(change: Partial<Price> = {}): Price {
  return {
    model: "gemini-3.5-flash-lite",
    provider: "gemini",
    serviceTier: "standard",
    regionClass: "global",
    validFrom: "2026-07-21T00:00:00.000Z",
    inForce: true,
    inputUsd: "0.3",
    outputUsd: "2.5",
    cachedUsd: "0.03",
    audioInputUsd: "0.3",
    audioCachedUsd: "0.03",
    longContext: null,
    source: "a test",
    ...change,
  };
}

const listed = { name: "gemini-3.5-flash-lite", outputTokenLimit: 65_536, thinking: true };

function check(change: Partial<Registry> = {}) {
  return checkRegistry({
    models: [registered()],
    prices: [priced()],
    roles: [{ role: "draft", models: ["gemini-3.5-flash-lite"] }],
    listed: [listed],
    now,
    ...change,
  }).map(({ model, what, isWrong }) => `${isWrong ? "WRONG" : "note"} ${model} ${what}`);
}

const noRoles = { roles: [] };

describe("what npm run models -- check finds", () => {
  test("is nothing where all agree, whether Gemini was asked or not", () => {
    expect(check()).toEqual([]);
    expect(check({ listed: undefined })).toEqual([]);
    expect(check({ roles: [{ role: "draft", models: ["models/gemini-3.5-flash-lite-001"] }] })).toEqual([]);
  });

  test.each([
    ["2027-01-14T00:00:00.000Z", "retires at 2027-01-14T00:00:00.000Z, in 60 days"],
    ["2026-11-15T12:00:00.000Z", "retires at 2026-11-15T12:00:00.000Z, in 1 day"],
    ["2026-11-15T00:00:00.000Z", "has retired at 2026-11-15T00:00:00.000Z"],
  ])("an end at %s is wrong in a role, else good to know", (retiresAt, what) => {
    const models = [registered({ retiresAt })];
    expect(check({ models })).toEqual([`WRONG gemini-3.5-flash-lite ${what}`]);
    expect(check({ models, ...noRoles })).toEqual([`note gemini-3.5-flash-lite ${what}`]);
  });

  test("an end in more than 60 days is no matter", () => {
    expect(check({ models: [registered({ retiresAt: "2027-01-14T00:00:00.001Z" })] })).toEqual([]);
  });

  test("says who answers in its place", () => {
    const models = [registered({ retiresAt: "2026-12-01T00:00:00.000Z", routedTo: "gemini-3.8-flash" })];
    expect(check({ models })).toEqual([
      expect.stringMatching(/in 16 days; gemini-3.8-flash answers in its place, at its own price$/),
    ]);
    expect(check({ models: [registered({ routedTo: "gemini-3.8-flash" })] })).toEqual([
      expect.stringMatching(/^note .* is routed; gemini-3.8-flash answers/),
    ]);
  });

  test("a role with what is retired, gone, not registered or not priced", () => {
    expect(check({ models: [registered({ status: "retired" })] })).toEqual([
      "WRONG gemini-3.5-flash-lite stands in a role, and is retired",
    ]);
    expect(check({ models: [registered({ status: "unavailable" })] })).toEqual([
      expect.stringMatching(/^WRONG .* is not there for a project of ours/),
    ]);
    expect(check({ models: [], listed: undefined })).toEqual([
      "WRONG gemini-3.5-flash-lite stands in role draft, and is not registered",
    ]);
    expect(check({ roles: [{ role: "check", plan: "pro", models: ["gpt-9"] }] })).toEqual([
      "WRONG gpt-9 stands in role check of plan pro, and is not registered",
    ]);
    expect(check({ roles: [{ role: "check", creatorId: "ann", models: ["gpt-9"] }] })).toEqual([
      "WRONG gpt-9 stands in role check of creator ann, and is not registered",
    ]);
    expect(check({ prices: [priced({ serviceTier: "flex" })] })).toEqual([
      "WRONG gemini-3.5-flash-lite has no price, so it can't be called",
    ]);
    expect(check({ prices: [priced({ outputUsd: "0" })] })).toContain(
      "WRONG gemini-3.5-flash-lite has a price of nothing, so it can't be called",
    );
    const { capabilities } = registered();
    const models = [registered({ capabilities: { ...capabilities, purpose: "embed", output: [] } })];
    expect(check({ models, prices: [priced({ outputUsd: "0" })] })).not.toContainEqual(
      expect.stringContaining("a price of nothing"),
    );
  });

  test("what Gemini does not list, and what only Gemini lists", () => {
    expect(check({ listed: [] })).toEqual(["WRONG gemini-3.5-flash-lite is not in Gemini's models.list"]);
    expect(check({ listed: [], ...noRoles })).toEqual([expect.stringMatching(/^note .* is not in/)]);
    expect(check({ listed: [], models: [registered({ provider: "other" })] })).toEqual([]);
    const others = [listed, { name: "gemini-5-flash" }, { name: "imagen-4" }];
    expect(check({ listed: others })).toEqual([
      "note gemini-5-flash is listed by Gemini, and not registered",
    ]);
  });

  test("other limits: less is wrong, more is good to know", () => {
    const limited = (outputTokenLimit: number) => check({ listed: [{ ...listed, outputTokenLimit }] });
    expect(limited(8_192)).toEqual([
      "WRONG gemini-3.5-flash-lite outputTokensMax is 65536 here, and 8192 at Gemini",
    ]);
    expect(limited(100_000)).toEqual([expect.stringMatching(/^note /)]);
    expect(check({ listed: [{ ...listed, thinking: false }] })).toEqual([
      expect.stringMatching(/^WRONG .* does not think by Gemini's/),
    ]);
  });

  test("a price that differs from genai-prices', of a model in no role too", () => {
    expect(check({ prices: [priced({ outputUsd: "2.4" })], ...noRoles })).toEqual([
      "WRONG gemini-3.5-flash-lite has another price in genai-prices: outputUsd is 2.4 here, 2.5 there (2026-11-15)",
    ]);
  });

  describe("a change of price", () => {
    const dear = {
      inputUsd: "1.5",
      outputUsd: "7.5",
      cachedUsd: "0.15",
      audioInputUsd: "1.5",
      audioCachedUsd: "0.15",
    };
    const cheap = {
      inputUsd: "0.75",
      outputUsd: "3.75",
      cachedUsd: "0.075",
      audioInputUsd: "0.75",
      audioCachedUsd: "0.075",
    };
    const flash = { model: "gemini-3.8-flash" };
    const prices = [
      priced({ ...flash, ...cheap, validFrom: "2026-09-02T00:00:00.000Z" }),
      // The API's `inForce` is of today, whatever is judged.
      priced({ ...flash, ...dear, validFrom: "2027-01-01T00:00:00.000Z", inForce: false }),
    ];
    const models = [registered(flash)];
    const roles = [{ role: "draft" as const, models: ["gemini-3.8-flash"] }];
    const told = (at: string, change: Partial<Registry> = {}) =>
      check({ models, prices, roles, listed: undefined, now: new Date(at), ...change });
    const line =
      "gemini-3.8-flash costs $1.5 in and $7.5 out for a million tokens from 2027-01-01T00:00:00.000Z on: within 24 hours of now";

    test("is told of from a day before until a day after", () => {
      expect(told("2026-12-30T23:59:59Z")).toEqual([]);
      expect(told("2026-12-31T00:00:00Z")).toEqual([`WRONG ${line}`]);
      expect(told("2027-01-02T00:00:00Z")).toEqual([`WRONG ${line}`]);
      expect(told("2027-01-02T00:00:01Z")).toEqual([]);
      expect(told("2026-09-02T00:00:00Z")).toEqual([]);
    });

    test("is wrong also of who answers in the place of a role's model, else good to know", () => {
      const at = "2026-12-31T12:00:00Z";
      expect(told(at, noRoles)).toEqual([`note ${line}`]);
      const routed = {
        models: [...models, registered({ routedTo: "gemini-3.8-flash" })],
        prices: [...prices, priced()],
        roles: [{ role: "draft" as const, models: ["gemini-3.5-flash-lite"] }],
      };
      expect(told(at, routed)).toContain(`WRONG ${line}`);
    });
  });
});
