import { describe, expect, it } from "@jest/globals";
import { modelLimits } from "../src/model-gate/model-limits.ts";

describe("configured limits", () => {
  it("are read by model", () => {
    const text = "gemini-2.5-flash=1000rpm/2000000tpm, gemini-2.5-pro=150rpm,gemini-3.5-flash=5tpm";
    expect([...modelLimits.parse(text)]).toEqual([
      ["gemini-2.5-flash", { requestsPerMinute: 1000, tokensPerMinute: 2_000_000 }],
      ["gemini-2.5-pro", { requestsPerMinute: 150 }],
      ["gemini-3.5-flash", { tokensPerMinute: 5 }],
    ]);
  });

  it.each([
    "gemini-2.5-flash",
    "gemini-2.5-flash=",
    "gemini-2.5-flash=/",
    "gemini-2.5-flash=10",
    "gemini-2.5-flash=0rpm",
    "gemini-2.5-flash=-1rpm",
    "gemini-2.5-flash=1.5rpm",
    "gemini-2.5-flash=10rpm/",
    "gemini-2.5-flash=10rpm5tpm",
    "gemini-2.5-flash=/5tpm",
    "gemini-2.5-flash=5tpm/10rpm",
    "gemini-2.5-flash=10rpm,",
    "a b=10rpm",
    "a=1rpm,a=2rpm",
  ])("that are not of the form are refused with one fault: %s", (text) => {
    expect(modelLimits.safeParse(text).error?.issues).toHaveLength(1);
  });
});
