import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { assertInvariants, eventually, type Stack, startStack } from "@understudy/testkit";
import { textOf } from "./event-stream.ts";
import { expectWhole, followMany, type ManyStreams } from "./many-streams.ts";

const streams = 1_000;
const text =
  "I am so glad that you wrote to me today, 😀 and I do hope that the sun shines where you are, as here.";

let stack: Stack;
let many: ManyStreams | undefined;

beforeAll(async () => {
  // All are generated at once.
  stack = await startStack({ environment: { WORKER_CONCURRENCY: String(streams) } });
  const bucket = { ratePerHour: 100_000_000, burst: 10_000 };
  await stack.request("PUT", "/api/ai/creators/psy", { plan: "business", bucket });
  const compliance = { allowed: true, categories: [], severity: "none", reasons: [] };
  await stack.rule({
    match: { method: "streamGenerateContent" },
    respond: { text: JSON.stringify({ response: text, confidence: 0.9, compliance }), chunkDelayMs: 700 },
  });
});

afterAll(async () => {
  many?.close();
  await stack.stop();
});

it(`${streams} streams at once are kept alive, and tell all once, though readers break off and the API is started anew`, async () => {
  // While they wait there is nothing to tell.
  await stack.request("POST", "/api/ai/creators/psy/pause");
  const jobs = Array.from({ length: streams }, (_, index) => ({
    agent: "messaging",
    creatorId: "psy",
    input: { fanId: `fan_${index}`, message: `Hello number ${index}, how are you?`, history: [] },
    // Of a batch: else their texts would not be streamed.
    options: { priority: 100 },
  }));
  const response = await stack.request("POST", "/api/ai/jobs/batch", { jobs });
  const ids = ((await response.json()) as { jobs: { id: string }[] }).jobs.map(({ id }) => id);
  many = followMany(stack, ids, 4);
  const { beating, ended } = many;
  await eventually(() => expect(beating()).toBe(streams), 120_000);

  await stack.request("POST", "/api/ai/creators/psy/resume");
  const { prisma } = stack.database;
  await eventually(async () => {
    expect(await prisma.job.count({ where: { status: "completed" } })).toBeGreaterThan(streams / 10);
  }, 120_000);
  // In the middle: those that end from here on are told by the next one.
  expect(await stack.api.stop()).toBe(0);
  await stack.restartApi();
  const told = await ended;
  expectWhole(told, text, textOf);
  expect(told.filter(({ connections }) => connections > 1).length).toBe(streams);
  await assertInvariants(stack, ids);
}, 600_000);
