import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { type Emulated, emulate, hello, until } from "./emulated.ts";

let emulated: Emulated;
beforeAll(async () => {
  emulated = await emulate();
});
beforeEach(() => emulated.post("/_emulator/reset", {}));
afterAll(() => emulated.emulator.stop());

const path = "/v1beta/models/gemini-3.5-flash-lite";
const unary = () => emulated.post(`${path}:generateContent`, hello);
const streamed = (init?: RequestInit) => emulated.post(`${path}:streamGenerateContent?alt=sse`, hello, init);
const play = async (exchange: object, rest: object = {}) => {
  const response = await emulated.record({ match: {}, exchange, ...rest });
  expect(await response.json()).toEqual({ added: true });
};
const lastEntry = async () => (await emulated.bill()).calls.at(-1);

const usage = (promptTokenCount: number, candidatesTokenCount: number) => ({
  promptTokenCount,
  candidatesTokenCount,
});
const event = (fields: object, end = "\r\n\r\n") => `data: ${JSON.stringify(fields)}${end}`;

/** What arrived of a body, and whether it broke off. */
async function drain(response: Response): Promise<{ text: string; broke: boolean }> {
  const chunks: Uint8Array[] = [];
  let broke = false;
  try {
    for await (const chunk of response.body ?? []) chunks.push(chunk as Uint8Array);
  } catch {
    broke = true;
  }
  return { text: Buffer.concat(chunks).toString(), broke };
}

describe("a recording", () => {
  it("goes out as it stands, so many times, and is billed by what it says", async () => {
    const body = `{ "candidates" : [],\n "usageMetadata": {"promptTokenCount": 7, "candidatesTokenCount": 2, "serviceTier": "PRIORITY"}, "modelVersion": "gemini-x" }\n`;
    const headers = { "Content-Type": "application/json", "X-Google-Thing": "1", "Content-Length": "5" };
    await play({ status: 200, headers, body }, { times: 2 });
    for (const response of [await unary(), await unary()]) {
      expect(await response.text()).toBe(body);
      expect(Object.fromEntries(response.headers)).toMatchObject({
        "content-type": "application/json",
        "x-google-thing": "1",
        "content-length": String(body.length),
      });
      expect(response.headers.has("x-gemini-service-tier")).toBe(false);
    }
    expect(await lastEntry()).toMatchObject({
      status: 200,
      model: "gemini-3.5-flash-lite",
      modelVersion: "gemini-x",
      serviceTier: "priority",
      usageMetadata: usage(7, 2),
    });
    expect((await emulated.bill()).totals["gemini-3.5-flash-lite"]).toMatchObject({
      calls: 2,
      promptTokenCount: 14,
    });
    expect(await (await unary()).json()).toMatchObject({ modelVersion: "gemini-3.5-flash-lite" });
  });

  it("may be a refusal, which is not billed, or nothing like Gemini's", async () => {
    const body = [{ error: { code: 429, status: "RESOURCE_EXHAUSTED" }, usageMetadata: usage(1, 1) }];
    await play({ status: 429, headers: { "retry-after": "9" }, body }, { times: 1 });
    const refused = await unary();
    expect([refused.status, refused.headers.get("retry-after"), await refused.json()]).toEqual([
      429,
      "9",
      body,
    ]);
    expect(await lastEntry()).toMatchObject({ status: 429, usageMetadata: null, modelVersion: null });
    await play({ status: 200, body: "<html>" }, { times: 1 });
    expect(await (await unary()).text()).toBe("<html>");
    expect(await lastEntry()).toMatchObject({ usageMetadata: null, serviceTier: "standard" });
    await play({ status: 200, body: "" }, { times: 1 });
    expect(await (await unary()).text()).toBe("");
  });

  it("answers whatever is asked: models that there are not, too, by the text and the method that it is for", async () => {
    await emulated.record({
      match: { contains: "Say", model: "models/gemini-9", method: "generateContent" },
      exchange: { status: 200, body: { usageMetadata: usage(3, 4) } },
    });
    expect((await unary()).headers.get("x-gemini-service-tier")).toBe("standard");
    for (const name of ["gemini-9", "__proto__", "constructor"]) {
      await emulated.record({
        match: { model: name },
        exchange: { status: 200, body: { usageMetadata: usage(3, 4) } },
      });
      expect((await emulated.post(`/v1/models/${name}:generateContent`, hello)).status).toBe(200);
      const { totals } = await emulated.bill();
      expect(Object.getOwnPropertyDescriptor(totals, name)?.value).toMatchObject({
        calls: 1,
        promptTokenCount: 3,
      });
    }
    await fetch(`${emulated.emulator.url}/_emulator/recordings`, { method: "DELETE" });
    expect((await emulated.post("/v1/models/gemini-9:generateContent", hello)).status).toBe(404);
  });

  it("goes before rules, and both are gone after a reset", async () => {
    await emulated.rule({ match: {}, respond: { status: 503 } });
    await play({ status: 418, body: "" });
    expect((await unary()).status).toBe(418);
    await emulated.post("/_emulator/reset", {});
    expect((await unary()).status).toBe(200);
  });
});

describe("a recorded stream", () => {
  const first = event({ usageMetadata: usage(5, 1), modelVersion: "gemini-3.5-flash-lite" });
  const second = `event: message\nid: 1\n${event({ usageMetadata: usage(5, 2) }, "\n\n")}`;
  const third = event({ usageMetadata: { trafficType: "ON_DEMAND" } });
  const headers = { "content-type": "text/event-stream" };

  it("keeps its bytes, and its last usage that says something", async () => {
    await play({ status: 200, headers, body: first + second + third });
    const response = await streamed();
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    expect(await response.text()).toBe(first + second + third);
    expect(await lastEntry()).toMatchObject({
      usageMetadata: usage(5, 2),
      modelVersion: "gemini-3.5-flash-lite",
      aborted: false,
    });
  });

  it("is billed up to where it is left, chunk by chunk", async () => {
    // The second chunk ends in the middle of an event.
    const start = `${first}${second.slice(0, 20)}`;
    const chunks = [start.slice(0, 30), start.slice(30), second.slice(20)];
    await play({ status: 200, headers, chunks, chunkDelayMs: 30 });
    expect(await (await streamed()).text()).toBe(first + second);
    await emulated.post("/_emulator/reset", {});
    await play({ status: 200, headers, chunks: [start, second.slice(20)], chunkDelayMs: 60_000 });
    const aborter = new AbortController();
    const response = await streamed({ signal: aborter.signal });
    await response.body?.getReader().read();
    aborter.abort();
    await until(async () => (await lastEntry())?.aborted === true);
    expect((await lastEntry())?.usageMetadata).toEqual(usage(5, 1));
  });

  it("waits between the events of a body", async () => {
    await play({ status: 200, headers, body: first + second + third, chunkDelayMs: 40 });
    const began = performance.now();
    await (await streamed()).text();
    expect(performance.now() - began).toBeGreaterThanOrEqual(2 * 40 - 5);
  });

  it("breaks off where it is cut, billed for the events that went out", async () => {
    const body = first + second;
    for (const [cutAfterBytes, billed] of [
      [0, null],
      [first.length - 5, null],
      [first.length + 10, usage(5, 1)],
      [body.length, usage(5, 2)],
    ] as const) {
      for (const content of [{ body }, { chunks: [body] }]) {
        await play({ status: 200, headers, ...content, cutAfterBytes }, { times: 1 });
        expect(await drain(await streamed())).toEqual({ text: body.slice(0, cutAfterBytes), broke: true });
        expect(await lastEntry()).toMatchObject({ usageMetadata: billed, aborted: false });
      }
    }
    await play({ status: 200, headers, body, cutAfterBytes: body.length + 1 }, { times: 1 });
    expect(await drain(await streamed())).toEqual({ text: body, broke: false });
  });

  it("is cut between bytes of one character", async () => {
    await play({ status: 200, headers, chunks: ["é"], cutAfterBytes: 1 });
    expect((await drain(await streamed())).broke).toBe(true);
  });

  it("may be a JSON array in pieces, or end without a line's end", async () => {
    const json = JSON.stringify([{ usageMetadata: usage(5, 1) }, { usageMetadata: usage(5, 3) }]);
    await play({ status: 200, chunks: [json.slice(0, 40), json.slice(40)] }, { times: 1 });
    const path = "/v1beta/models/gemini-3.5-flash-lite:streamGenerateContent";
    expect(await (await emulated.post(path, hello)).text()).toBe(json);
    expect((await lastEntry())?.usageMetadata).toEqual(usage(5, 3));
    await play(
      { status: 200, headers, body: first + event({ usageMetadata: usage(5, 9) }, "") },
      { times: 1 },
    );
    await (await streamed()).text();
    expect((await lastEntry())?.usageMetadata).toEqual(usage(5, 9));
  });
});

it("a whole body that is cut keeps its length, and is billed whole", async () => {
  const body = JSON.stringify({ usageMetadata: usage(5, 2), text: "x".repeat(100) });
  await play({ status: 200, body, cutAfterBytes: 40 });
  const response = await unary();
  expect(response.headers.get("content-length")).toBe(String(body.length));
  expect(await drain(response)).toEqual({ text: body.slice(0, 40), broke: true });
  expect((await lastEntry())?.usageMetadata).toEqual(usage(5, 2));
});

describe("garbage", () => {
  const good = { status: 200, body: "" };
  it.each([
    ["nothing", {}],
    ["null", null],
    ["a list", []],
    ["neither body nor chunks", { exchange: { status: 200 } }],
    ["both", { exchange: { ...good, chunks: ["x"] } }],
    ["chunks that are no text", { exchange: { status: 200, chunks: [1] } }],
    ["a status that is none", { exchange: { status: 42, body: "" } }],
    ["an interim status", { exchange: { status: 101, body: "" } }],
    ["a header that HTTP does not allow", { exchange: { ...good, headers: { "x y": "1" } } }],
    ["a header that splits", { exchange: { ...good, headers: { x: "a\r\nb: c" } } }],
    ["an unknown name", { exchange: { ...good, delay: 1 } }],
    ["a wait of years", { exchange: { ...good, chunkDelayMs: 1e12 } }],
    ["a cut before the start", { exchange: { ...good, cutAfterBytes: -1 } }],
    ["no times", { exchange: good, times: 0 }],
    ["no JSON", "{"],
    [
      "a body as deep as a well",
      `{"exchange":{"status":200,"body":${"[".repeat(200_000)}${"]".repeat(200_000)}}}`,
    ],
  ])("is refused: %s", async (_, recording) => {
    const body = typeof recording === "string" ? recording : JSON.stringify(recording);
    const response = await emulated.post("/_emulator/recordings", body);
    expect(response.status).toBe(400);
    expect(((await response.json()) as { error: string }).error.length).toBeGreaterThan(20);
  });

  it("is refused where it is too large", async () => {
    const large = new Uint8Array(31 * 1024 * 1024).fill(0x20);
    expect((await emulated.post("/_emulator/recordings", large)).status).toBe(413);
  });

  it.each([
    ["words", { promptTokenCount: "7", candidatesTokenCount: 2 }, { candidatesTokenCount: 2 }],
    ["less than nothing", { promptTokenCount: -1, totalTokenCount: 3 }, { totalTokenCount: 3 }],
    ["halves", { promptTokenCount: 0.5 }, null],
    ["null", null, null],
    ["text", "many", null],
    ["a list", [1], null],
  ])("as usage is left out: %s", async (_, usageMetadata, billed) => {
    await play({ status: 200, body: { usageMetadata, modelVersion: 4 } });
    await unary();
    expect(await lastEntry()).toMatchObject({ usageMetadata: billed, modelVersion: null });
    expect((await emulated.bill()).totals["gemini-3.5-flash-lite"]?.promptTokenCount ?? 0).toBe(0);
  });

  it("as the answer is no fault of the emulator's", async () => {
    const bodies = [
      "\u0000\uffff",
      "data: {",
      `data: ${"[".repeat(50_000)}`,
      "data:\n\ndata: 5\n\ndata: null\n\n",
      "\r".repeat(1_000),
    ];
    for (const body of bodies) {
      for (const headers of [{}, { "content-type": "text/event-stream" }]) {
        await play({ status: 200, headers, body }, { times: 1 });
        expect(await (await streamed()).text()).toBe(body);
      }
    }
    await play({ status: 200, chunks: Array.from({ length: 20_000 }, () => "x") }, { times: 1 });
    expect(await (await streamed()).text()).toHaveLength(20_000);
  });
});

// They lie beside the repository and are not part of it (licences by file).
const folder = join(resolve(import.meta.dirname, "../../.."), "../shared/data/gemini-recordings");
const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".json")) : [];
if (files.length === 0) {
  console.warn("skipped: real answers need ../shared/data/gemini-recordings beside the repository");
}

(files.length > 0 ? it : it.skip)("plays each real answer as it came, and reads its usage", async () => {
  for (const file of files) {
    const { model, stream, status, headers, body } = JSON.parse(readFileSync(join(folder, file), "utf8"));
    await emulated.record({ match: { model }, exchange: { status, headers, body }, times: 1 });
    const method = stream ? "streamGenerateContent?alt=sse" : "generateContent";
    const response = await emulated.post(`/v1beta/models/${model}:${method}`, hello);
    expect([file, response.status, await response.text()]).toEqual([file, status, body]);
    // The last usage in the text, found without reading the rest of it.
    const counts = [...body.matchAll(/"promptTokenCount":\s*(\d+)/g)].map(([, count]) => Number(count));
    const entry = await lastEntry();
    expect([file, entry?.usageMetadata?.promptTokenCount]).toEqual([
      file,
      status < 300 ? counts.at(-1) : undefined,
    ]);
  }
});
