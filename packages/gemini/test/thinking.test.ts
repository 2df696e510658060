import { expect, it } from "@jest/globals";
import { thinkingConfig } from "../src/thinking.ts";

it("is not set where a model does not know it", () => {
  expect(thinkingConfig("gemini-2.0-flash-exp", 0)).toEqual({});
  expect(thinkingConfig("gemini-2.5-flash", 0)).toEqual({ thinkingConfig: { thinkingBudget: 0 } });
});
