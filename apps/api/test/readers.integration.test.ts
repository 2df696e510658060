import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { connectRedis } from "@understudy/queues";
import { assertInvariants, eventually, readBill, type Stack, startStack } from "@understudy/testkit";
import { EventStream, type ReadEvent, textOf } from "./event-stream.ts";

/** Text is written to Redis for readers alone, who may come at any time. */

let stack: Stack;
let redis: ReturnType<typeof connectRedis>;
const accepted: string[] = [];

beforeAll(async () => {
  stack = await startStack();
  await stack.request("PUT", "/api/ai/creators/psy", {
    plan: "business",
    bucket: { ratePerHour: 1_000_000, burst: 1_000 },
  });
  redis = connectRedis(stack.redis.url, "consumer");
});

afterAll(async () => {
  redis.disconnect();
  await stack.stop();
});

const pieces = ["I am so glad ", "that you wrote ", "to me today."];
const whole = pieces.join("");

/** Of the second and third piece: longer than any reader may wait for the first. */
const pieceMs = 2_000;

/** The events of an answer that comes in these pieces. */
function answerIn(texts: readonly string[]) {
  const ending =
    '", "confidence": 0.9, "compliance": {"allowed": true, "categories": [], "severity": "none", "reasons": []}}';
  return texts.map((text, index) => {
    const isLast = index === texts.length - 1;
    const json = `${index === 0 ? '{"response": "' : ""}${text}${isLast ? ending : ""}`;
    return {
      candidates: [
        { content: { role: "model", parts: [{ text: json }] }, ...(isLast && { finishReason: "STOP" }) },
      ],
      usageMetadata: { promptTokenCount: 90, candidatesTokenCount: 20, totalTokenCount: 110 },
    };
  });
}

async function submit(message: string, chunkDelayMs = pieceMs): Promise<string> {
  await stack.rule({
    match: { contains: message, method: "streamGenerateContent" },
    respond: { json: answerIn(pieces), chunkDelayMs },
    times: 1,
  });
  const input = { fanId: "f", message, history: [] };
  const id = await stack.submit("messaging", { creatorId: "psy", input });
  accepted.push(id);
  return id;
}

async function follow(id: string, url = stack.url): Promise<EventStream> {
  const headers = { authorization: `Bearer ${stack.adminKey}` };
  return new EventStream(await fetch(`${url}/api/ai/jobs/${id}/events`, { headers }));
}

const runs = (id: string) => eventually(async () => expect((await stack.job(id)).status).toBe("running"));

/** When its call was sent: the bill is written before the first piece. */
async function callBegins(id: string): Promise<void> {
  await eventually(async () => {
    const calls = await stack.database.prisma.usageLog.findMany({ where: { jobId: id } });
    const sent = new Set((await readBill(stack.emulatorUrl)).map(({ callId }) => callId));
    expect(calls.some((call) => sent.has(call.id))).toBe(true);
  });
}

/** Keeps everybody from writing of a job, until the answer is called. */
async function lockJob(id: string): Promise<() => Promise<void>> {
  let letGo = () => {};
  let holding: Promise<void> | undefined;
  await new Promise<void>((locked, failed) => {
    holding = stack.database.prisma.$transaction(
      async (transaction) => {
        await transaction.$queryRaw`SELECT "id" FROM "LiveJob" WHERE "id" = ${id} FOR UPDATE`;
        const released = new Promise<void>((release) => {
          letGo = release;
        });
        locked();
        await released;
      },
      { timeout: 60_000 },
    );
    holding.catch(failed);
  });
  return async () => {
    letGo();
    await holding;
  };
}

const keysOf = (id: string) => redis.keys(`*{job:${id}}*`);

/** The text so far comes while the model is silent, and then each piece. */
async function expectInPieces(stream: EventStream): Promise<void> {
  const first = await stream.until("token");
  const at = performance.now();
  const events = await stream.rest();
  expect(performance.now() - at).toBeGreaterThan(pieceMs / 2);
  expect(first.data).toMatchObject({ text: pieces[0] });
  expect(textOf(events)).toBe(whole);
  expect(tokensOf(events)).toHaveLength(pieces.length);
  expect(events.map(({ event }) => event)).not.toContain("retract");
  expect(events.at(-1)).toMatchObject({ event: "done", data: { result: { response: whole } } });
}

const tokensOf = (events: ReadEvent[]) => events.filter(({ event }) => event === "token");

describe("a job's text", () => {
  it("is nowhere in Redis as long as nobody reads it, nor after its end", async () => {
    const id = await submit("readers-none", 300);
    await runs(id);
    await callBegins(id);
    expect(await keysOf(id)).toEqual([]);
    await eventually(async () => expect((await stack.job(id)).status).toBe("completed"));
    expect(await keysOf(id)).toEqual([]);
    const events = await (await follow(id)).rest();
    expect(events.map(({ event }) => event)).toEqual(["status", "done"]);
    expect(events.at(-1)).toMatchObject({ data: { result: { response: whole } } });
  });

  it.each([0, 50, 500])("comes piece by piece to a reader who comes %d ms after the job", async (ms) => {
    const id = await submit(`readers-after-${ms}.`);
    await sleep(ms);
    await expectInPieces(await follow(id));
  });

  it("comes to a reader who comes in the middle of the call: what there is at once, and then the rest", async () => {
    const id = await submit("readers-middle");
    await callBegins(id);
    const openedAt = performance.now();
    const stream = await follow(id);
    const first = await stream.until("token");
    expect(performance.now() - openedAt).toBeLessThan(pieceMs / 2);
    expect(first.data).toMatchObject({ text: pieces[0] });
    expect(textOf(await stream.rest())).toBe(whole);
  });

  it("comes to a reader who comes in the last piece, before the job's end is written", async () => {
    const id = await submit("readers-last", 50);
    await runs(id);
    const letGo = await lockJob(id);
    // Its end can't be written now.
    await callBegins(id);
    await sleep(50 * pieces.length);
    const stream = await follow(id);
    const came: string[] = [];
    while (came.join("") !== whole) {
      const { data } = await stream.until("token");
      came.push((data as { text: string }).text);
    }
    expect((await stack.job(id)).status).toBe("running");
    await letGo();
    expect(textOf(await stream.rest())).toBe(whole);
  });

  it("comes to readers of two API processes", async () => {
    const other = await stack.addApi();
    const id = await submit("readers-two");
    const here = await follow(id);
    await callBegins(id);
    const there = await follow(id, String(other.details.url));
    await Promise.all([here, there].map(expectInPieces));
    await other.stop();
  });

  it("of an attempt whose worker dies is taken back, and the next one's comes to those who were there and who come", async () => {
    const id = await submit("readers-death", 60_000);
    const early = await follow(id);
    expect((await early.until("token")).data).toMatchObject({ text: pieces[0] });
    await stack.workers[0]?.kill();
    await stack.rule({
      match: { contains: "readers-death", method: "streamGenerateContent" },
      respond: { json: answerIn(["Hello ", "there, ", "you."]), chunkDelayMs: 500 },
      times: 1,
    });
    await stack.addWorker();
    await early.until("retract");
    await early.until("token");
    const late = await follow(id);
    for (const stream of [early, late]) {
      const events = await stream.rest();
      expect(textOf(events)).toBe("Hello there, you.");
      expect(events.at(-1)).toMatchObject({ event: "done", data: { attempts: 2 } });
    }
  });
});

it("the invariants hold at the end", async () => {
  await eventually(() => assertInvariants(stack, accepted, 1), 90_000);
});
