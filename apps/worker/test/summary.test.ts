import { expect, it } from "@jest/globals";
import { summaryOf } from "../src/knowledge/summary.ts";

it("a summary is asked for whole or not at all: what is cut off would be remembered in place of what was said", () => {
  const { step } = summaryOf(undefined, [{ from: "fan", text: "hello" }]);
  expect(step.leastOutputTokens ?? step.maxOutputTokens).toBe(step.maxOutputTokens);
});
