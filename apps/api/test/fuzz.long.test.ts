import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { type Stack, startStack } from "@understudy/testkit";
import { fuzz, residentBytes } from "./fuzz.ts";

let stack: Stack;

beforeAll(async () => {
  stack = await startStack({ workers: 0 });
});

afterAll(() => stack.stop());

const requestsEach = 10_000;

/** What V8 keeps back for later, between one look and the next. */
const slackBytes = 100 * 2 ** 20;

it("10,000 hostile requests to every route: no 5xx, no leak, no growth in memory", async () => {
  const seed = Date.now() % 2 ** 31;
  // A fifth of them first: what is made once is made then.
  const first = await fuzz(stack, requestsEach / 5, seed);
  const before = await residentBytes(stack);
  const then = await fuzz(stack, (requestsEach * 4) / 5, seed + 1);
  const grownBytes = (await residentBytes(stack)) - before;
  expect({ seed, findings: [...first, ...then] }).toEqual({ seed, findings: [] });
  expect(grownBytes).toBeLessThan(slackBytes);
}, 3_600_000);
