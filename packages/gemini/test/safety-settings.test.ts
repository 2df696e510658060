import { describe, expect, it } from "@jest/globals";
import { safetySettings, thresholdsOf } from "../src/safety-settings.ts";

describe("safety settings", () => {
  it("are read from JSON, by role", () => {
    const settings = { "*": { HARM_CATEGORY_HARASSMENT: "OFF" }, draft: {}, check: {} };
    expect(safetySettings.parse(JSON.stringify(settings))).toEqual(settings);
    expect(safetySettings.parse("{}")).toEqual({});
  });

  it.each([
    ["no JSON", "BLOCK_NONE", /is no JSON/],
    ["a list", "[]", /expected record/],
    ["an unknown role", '{"drafts": {}}', /drafts|Invalid key/],
    ["an unknown harm", '{"*": {"HARASSMENT": "OFF"}}', /Invalid key|HARASSMENT/],
    ["an unknown threshold", '{"*": {"HARM_CATEGORY_HARASSMENT": "HIGH"}}', /BLOCK_ONLY_HIGH/],
  ])("are refused where they are %s", (_what, text, fault) => {
    expect(safetySettings.safeParse(text).error?.message).toMatch(fault);
  });

  it("of no role, or of one that is not known, are those of all", () => {
    const all = { HARM_CATEGORY_HARASSMENT: "OFF" } as const;
    expect(thresholdsOf({ "*": all, draft: {} }, undefined)).toEqual(all);
    expect(thresholdsOf({ "*": all }, "constructor")).toEqual(all);
    expect(thresholdsOf({}, "draft")).toEqual({});
  });
});
