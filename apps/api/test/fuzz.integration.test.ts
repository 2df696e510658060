import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { type Stack, startStack } from "@understudy/testkit";
import { fuzz } from "./fuzz.ts";

let stack: Stack;

beforeAll(async () => {
  stack = await startStack({ workers: 0 });
});

afterAll(() => stack.stop());

it("hostile requests to every route are refused with a known problem, or answered as the document says", async () => {
  const seed = Date.now() % 2 ** 31;
  expect({ seed, findings: await fuzz(stack, 25, seed) }).toEqual({ seed, findings: [] });
}, 120_000);
