import { afterEach, describe, expect, it } from "@jest/globals";
import { readConfig } from "../src/config.ts";
import type { EmulatorOptions } from "../src/start-emulator.ts";
import { type Emulated, emulate, hello } from "./emulated.ts";

/** Models come, are closed to new projects, are routed to others, and go. */

let emulated: Emulated | undefined;
afterEach(() => emulated?.emulator.stop());

async function at(date: string, options: Partial<EmulatorOptions> = {}): Promise<Emulated> {
  emulated = await emulate({ date: new Date(date), ...options });
  return emulated;
}

const generatePath = (model: string, version = "v1beta") => `/${version}/models/${model}:generateContent`;

async function errorOf(response: Response) {
  const { error } = (await response.json()) as { error: { code: number; status: string; message: string } };
  expect(error.code).toBe(response.status);
  return [error.code, error.status, error.message];
}

const notFound = (model: string, version = "v1beta") => [
  404,
  "NOT_FOUND",
  `models/${model} is not found for API version ${version}, or is not supported for generateContent. Call ListModels to see the list of available models and their supported methods.`,
];

const gone = (model: string, whom: string, use: string) => [
  404,
  "NOT_FOUND",
  `This model models/${model} is no longer available${whom}. Please update your code to use ${use} for the latest features and improvements.`,
];

describe("before its release", () => {
  it.each([
    ["gemini-4-neon", "2026-11-18"],
    ["gemini-4-hydrogen", "2026-11-12"],
    ["gemini-4-carbon", "2026-11-10"],
    ["gemini-4-argon", "2026-10-13"],
    ["gemini-3.8-flash", "2026-09-02"],
    ["gemini-3.1-pro-preview-customtools", "2026-02-19"],
  ])("%s is not found until %s", async (model, day) => {
    const before = await at(new Date(Date.parse(day) - 1).toISOString());
    expect(await errorOf(await before.post(generatePath(model), hello))).toEqual(notFound(model));
    expect((await before.bill()).calls).toMatchObject([{ status: 404, modelVersion: null }]);
    await before.emulator.stop();
    const after = await at(day);
    expect((await after.post(generatePath(model), hello)).status).toBe(200);
  });
});

describe("routed", () => {
  it.each([
    ["gemini-2.5-flash", "gemini-3.5-flash-lite", "2026-12-01"],
    ["gemini-2.5-pro", "gemini-3.8-flash", "2026-12-01"],
    ["gemini-3.5-flash", "gemini-3.6-flash", "2026-10-08"],
    ["gemini-3.7-flash", "gemini-3.8-flash", "2026-10-08"],
  ])("%s is answered by %s from %s on, and the bill has both", async (model, successor, day) => {
    for (const [date, served] of [
      [new Date(Date.parse(day) - 1).toISOString(), model],
      [day, successor],
    ] as const) {
      const { post, bill, rule, emulator } = await at(date);
      const body = (await (await post(generatePath(model), hello)).json()) as {
        modelVersion: string;
        usageMetadata: object;
      };
      expect(body.modelVersion).toBe(served);
      const direct = (await (await post(generatePath(served), hello)).json()) as typeof body;
      expect(body.usageMetadata).toEqual(direct.usageMetadata);
      const stream = await post(`/v1/models/${model}:streamGenerateContent`, hello);
      expect(await stream.json()).toMatchObject([{ modelVersion: served }, { modelVersion: served }, {}]);
      const { calls, totals } = await bill();
      expect(calls.map((call) => [call.model, call.modelVersion])).toEqual([
        [model, served],
        [served, served],
        [model, served],
      ]);
      expect(totals[model]?.calls).toBe(model === served ? 3 : 2);
      // A rule is for the model that is asked for.
      await rule({ match: { model: successor }, respond: { text: "wrong" } });
      await rule({ match: { model }, respond: { text: "right" } });
      expect(JSON.stringify(await (await post(generatePath(model), hello)).json())).toContain("right");
      await emulator.stop();
    }
  });

  it.each([
    ["gemini-2.5-flash", { thinkingBudget: 0 }, 200],
    ["gemini-2.5-flash", { thinkingLevel: "MINIMAL" }, 200],
    ["gemini-2.5-pro", { thinkingBudget: 128 }, 200],
    ["gemini-2.5-pro", { thinkingLevel: "LOW" }, 200],
    ["gemini-2.5-pro", { thinkingLevel: "MINIMAL" }, 400],
    ["gemini-2.5-pro", { thinkingLevel: "LOW", thinkingBudget: 128 }, 400],
  ])("%s takes %j then: %i", async (model, thinkingConfig, status) => {
    const { post } = await at("2026-12-01");
    const body = { ...hello, generationConfig: { thinkingConfig } };
    expect((await post(generatePath(model), body)).status).toBe(status);
  });

  it("caches as the model that answers does", async () => {
    const instruction = "You are kind to everyone who writes. ".repeat(400);
    for (const [date, tokens] of [
      ["2026-11-30", 3_584],
      ["2026-12-01", undefined],
    ] as const) {
      const { post, emulator } = await at(date);
      const body = { ...hello, systemInstruction: { parts: [{ text: instruction }] } };
      await post(generatePath("gemini-2.5-flash"), body);
      const second = (await (await post(generatePath("gemini-2.5-flash"), body)).json()) as {
        usageMetadata: { cachedContentTokenCount?: number };
      };
      expect(second.usageMetadata.cachedContentTokenCount).toBe(tokens);
      await emulator.stop();
    }
  });
});

describe("on its way out", () => {
  it.each([
    [
      "gemini-2.5-pro",
      "2026-11-30",
      { modelStage: "DEPRECATED", retirementTime: "2026-12-01T00:00:00.000Z" },
    ],
    [
      "gemini-2.5-flash",
      "2026-12-02",
      { modelStage: "DEPRECATED", message: expect.stringContaining("3.5-flash-lite") },
    ],
    [
      "gemini-3.7-flash",
      "2026-11-30",
      { modelStage: "DEPRECATED", message: expect.stringContaining("3.8-flash") },
    ],
  ])("%s says so in its answers, on %s", async (model, date, modelStatus) => {
    const { post } = await at(date);
    const unary = (await (await post(generatePath(model), hello)).json()) as { modelStatus: object };
    expect(unary.modelStatus).toMatchObject(modelStatus);
    if (model.startsWith("gemini-3")) expect(unary.modelStatus).not.toHaveProperty("retirementTime");
    const stream = await post(`/v1beta/models/${model}:streamGenerateContent`, hello);
    for (const event of (await stream.json()) as object[]) expect(event).toMatchObject({ modelStatus });
  });

  it("says nothing where nothing is announced", async () => {
    const { post } = await at("2026-11-30");
    for (const model of ["gemini-3.5-flash-lite", "gemini-2.5-flash-lite", "gemini-4-neon"]) {
      expect(await (await post(generatePath(model), hello)).json()).not.toHaveProperty("modelStatus");
    }
  });
});

describe("gone", () => {
  it("is 3.1-flash-lite from 2027-05-07 on, and 2.0-flash-exp already", async () => {
    const before = await at("2027-05-06T23:59:59Z");
    expect((await before.post(generatePath("gemini-3.1-flash-lite"), hello)).status).toBe(200);
    await before.emulator.stop();
    const { post } = await at("2027-05-07");
    expect(await errorOf(await post(generatePath("gemini-3.1-flash-lite"), hello))).toEqual(
      gone("gemini-3.1-flash-lite", "", "models/gemini-3.5-flash-lite"),
    );
    expect(await errorOf(await post(generatePath("gemini-2.0-flash-exp"), hello))).toEqual(
      gone("gemini-2.0-flash-exp", "", "models/gemini-3.8-flash"),
    );
  });

  it("is all of 2.5 for new projects", async () => {
    const { post } = await at("2026-11-30");
    const as = (key: string, model: string) =>
      post(generatePath(model), hello, { headers: { "x-goog-api-key": key } });
    const newer = "a newer model";
    for (const [model, use] of [
      ["gemini-2.5-pro", newer],
      ["gemini-2.5-flash", newer],
      ["gemini-2.5-flash-lite", "models/gemini-3.5-flash-lite"],
    ] as const) {
      expect(await errorOf(await as("new-1", model))).toEqual(gone(model, " to new users", use));
      expect((await as("old-new-1", model)).status).toBe(200);
    }
    expect((await as("new-1", "gemini-3.5-flash-lite")).status).toBe(200);
  });
});

describe("API versions", () => {
  it("are v1 and v1beta; another is refused, and the refusal on the bill", async () => {
    const { post, bill } = await at("2026-11-30");
    const model = "gemini-3.5-flash-lite";
    for (const version of ["v1", "v1beta"]) {
      expect((await post(generatePath(model, version), hello)).status).toBe(200);
    }
    for (const version of ["v1alpha", "v2"]) {
      const response = await post(generatePath(model, version), hello);
      expect(await errorOf(response)).toEqual(notFound(model, version));
    }
    expect((await bill()).calls.map(({ status }) => status)).toEqual([200, 200, 404, 404]);
  });
});

describe("its settings", () => {
  it("are the date, and whether it is lenient", () => {
    expect(readConfig({})).toMatchObject({ date: undefined, lenient: false });
    expect(readConfig({ EMULATOR_DATE: "2026-12-01", EMULATOR_LENIENT: "1" })).toMatchObject({
      date: new Date("2026-12-01T00:00:00Z"),
      lenient: true,
    });
    expect(readConfig({ EMULATOR_DATE: "2026-12-01T01:00:00+02:00" })).toMatchObject({
      date: new Date("2026-11-30T23:00:00Z"),
    });
    for (const EMULATOR_DATE of ["tomorrow", "2026-13-01", "1767225600", "2026-12-01T01:00"]) {
      expect(() => readConfig({ EMULATOR_DATE })).toThrow("EMULATOR_DATE: must be a date or a time");
    }
  });

  it("are the real date unless one is set", async () => {
    const { emulator } = await emulate({ date: undefined });
    const shown = (await (await fetch(`${emulator.url}/_emulator/models`)).json()) as { date: string };
    expect(Math.abs(Date.parse(shown.date) - Date.now())).toBeLessThan(60_000);
    await emulator.stop();
  });

  it("lenient, take what is not out yet, closed or shut down; routing stays", async () => {
    const { post, bill } = await at("2026-10-08", { lenient: true });
    for (const model of ["gemini-4-neon", "gemini-2.0-flash-exp", "gemini-2.5-pro", "gemini-3.7-flash"]) {
      const init = { headers: { "x-goog-api-key": "new-1" } };
      expect((await post(generatePath(model), hello, init)).status).toBe(200);
    }
    expect((await bill()).calls.at(-1)).toMatchObject({ modelVersion: "gemini-3.8-flash" });
    expect((await post(generatePath("gemini-9"), hello)).status).toBe(404);
  });
});
