import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { type Emulated, emulate } from "./emulated.ts";

interface Page {
  models: { name: string; outputTokenLimit: number; supportedGenerationMethods: string[] }[];
  nextPageToken?: string;
}

let emulated: Emulated;
beforeAll(async () => {
  emulated = await emulate();
});
afterAll(() => emulated.emulator.stop());

const get = (path: string, headers: Record<string, string> = { "x-goog-api-key": "key" }) =>
  fetch(`${emulated.emulator.url}${path}`, { headers });
const page = async (query: string) => (await (await get(`/v1beta/models${query}`)).json()) as Page;
const known = async () =>
  (await (await get("/_emulator/models")).json()) as {
    models: { id: string; servedBy: string | null; outputTokensMax: number }[];
  };

describe("models.list", () => {
  it("shows what answers on that day, a page at a time", async () => {
    const { models } = await page("");
    const names = models.map(({ name }) => name);
    expect(names).toEqual(
      (await known()).models.filter(({ servedBy }) => servedBy).map(({ id }) => `models/${id}`),
    );
    expect(names).toEqual(expect.arrayContaining(["models/gemini-4-neon", "models/gemini-2.5-flash-lite"]));
    expect(names).not.toContain("models/gemini-2.0-flash-exp");
    const paged: string[] = [];
    const sizes: number[] = [];
    for (let token: string | undefined = ""; token !== undefined; ) {
      const next: Page = await page(`?pageSize=7${token && `&pageToken=${token}`}`);
      paged.push(...next.models.map(({ name }) => name));
      sizes.push(next.models.length);
      token = next.nextPageToken;
    }
    expect(paged).toEqual(names);
    expect(Math.max(...sizes)).toBe(7);
    expect(await page(`?pageSize=${names.length}`)).toEqual({ models });
    expect(await page("?pageSize=0")).toEqual({ models });
    expect(await page("?pageSize=5000")).toEqual({ models });
    expect(await page("?pageToken=5000")).toEqual({ models: [] });
  });

  it("has Google's fields: limits, no price and no lifecycle", async () => {
    const model = await (await get("/v1/models/gemini-3.5-flash-lite")).json();
    expect(model).toEqual({
      name: "models/gemini-3.5-flash-lite",
      baseModelId: "gemini-3.5-flash-lite",
      version: "001",
      displayName: "Gemini 3.5 Flash Lite",
      description: expect.any(String),
      inputTokenLimit: 1_048_576,
      outputTokenLimit: 65_536,
      supportedGenerationMethods: ["generateContent", "countTokens"],
      temperature: 1,
      maxTemperature: 2,
      topP: 0.95,
      topK: 64,
      thinking: true,
    });
    expect(await (await get("/v1beta/models/gemini-embedding-2")).json()).toMatchObject({
      inputTokenLimit: 8_192,
      supportedGenerationMethods: ["embedContent", "countTokens"],
    });
  });

  it("is read by the SDK, and is free", async () => {
    const names: (string | undefined)[] = [];
    const pager = await emulated.sdk.models.list({ config: { pageSize: 5 } });
    for await (const { name } of pager) names.push(name);
    expect(names).toEqual((await page("")).models.map(({ name }) => name));
    const model = await emulated.sdk.models.get({ model: "gemini-4-argon" });
    expect(model).toMatchObject({
      outputTokenLimit: 65_536,
      supportedActions: ["generateContent", "countTokens"],
    });
    expect((await emulated.bill()).calls).toEqual([]);
  });

  it.each([
    ["/v1beta/models?pageSize=x", 400],
    ["/v1beta/models?pageSize=-1", 400],
    ["/v1beta/models?pageToken=%00", 400],
    ["/v1beta/models?pageSize=99999999999999999999", 400],
    ["/v1beta/models/gemini-9", 404],
    ["/v1beta/models/__proto__", 404],
    ["/v1beta/models/gemini-2.0-flash-exp", 404],
    ["/v1beta/models/%ff", 404],
    ["/v2/models", 404],
  ])("%s: %i", async (path, status) => {
    const response = await get(path);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error: { code: status, message: expect.any(String) } });
  });

  it("wants a key, in the header or the address", async () => {
    expect((await get("/v1beta/models", {})).status).toBe(403);
    expect((await get("/v1beta/models?key=key", {})).status).toBe(200);
  });
});

it("what it knows is all of it, by whom each is answered, and its date", async () => {
  const { models, ...rest } = await known();
  expect(rest).toEqual({ date: "2026-11-30T00:00:00.000Z", lenient: false });
  const servedBy = Object.fromEntries(models.map((model) => [model.id, model.servedBy]));
  expect(servedBy).toMatchObject({
    "gemini-3.7-flash": "gemini-3.8-flash",
    "gemini-3.5-flash": "gemini-3.6-flash",
    "gemini-2.5-pro": "gemini-2.5-pro",
    "gemini-2.0-flash-exp": null,
    "gemini-embedding-001": "gemini-embedding-001",
  });
});
