import { describe, expect, it } from "@jest/globals";
import { needsCare, severities, type Verdict, withFindings } from "../src/verdict.ts";
import { fine, refused } from "./canned-tools.ts";

const finding = (category: string, severity: Verdict["severity"] = "medium") => ({
  category,
  severity,
  reason: `Found ${category}.`,
});

describe("withFindings", () => {
  it("leaves a verdict alone where nothing is found", () => {
    expect(withFindings(fine, [])).toEqual(fine);
    expect(withFindings(refused("spam"), [])).toEqual(refused("spam"));
  });

  it("refuses what the model let pass, and lets pass nothing that it refused", () => {
    expect(withFindings(fine, [finding("doxxing"), finding("self_harm", "critical")])).toEqual({
      allowed: false,
      categories: ["doxxing", "self_harm"],
      severity: "critical",
      reasons: ["Found doxxing.", "Found self_harm."],
    });
    expect(withFindings(refused("spam"), [finding("doxxing")]).allowed).toBe(false);
  });

  it("says each category once, with the model's reason before ours", () => {
    const found = withFindings(refused("doxxing"), [finding("doxxing"), finding("scam")]);
    expect(found.categories).toEqual(["doxxing", "scam"]);
    expect(found.reasons).toEqual(["It is doxxing.", "Found scam."]);
  });

  it.each([
    [" Self-Harm ", "self_harm"],
    ["Hate  speech", "hate_speech"],
    ["minor", "minors"],
    ["Minors", "minors"],
    ["underage minor", "underage_minor"],
  ])("calls %j %s", (category, plain) => {
    expect(withFindings(refused(category), []).categories).toEqual([plain]);
    expect(withFindings(refused(category), [finding(plain)]).reasons).toEqual([`It is ${category}.`]);
  });

  it("takes the worst of all severities, wherever it stands", () => {
    expect(severities).toEqual(["none", "low", "medium", "high", "critical"]);
    for (const [index, severity] of severities.entries()) {
      const lighter = severities.slice(0, index + 1);
      const findings = lighter.map((lightest) => finding("x", lightest));
      expect(withFindings({ ...fine, severity: "none" }, findings).severity).toBe(severity);
      expect(withFindings({ ...fine, severity: "none" }, findings.toReversed()).severity).toBe(severity);
      expect(withFindings({ ...fine, severity }, [finding("x", "none")]).severity).toBe(severity);
    }
  });
});

it("needs care for self-harm alone, whatever else is wrong", () => {
  expect(needsCare(refused("self_harm"))).toBe(true);
  expect(needsCare({ ...refused("hate"), categories: ["hate", "self_harm"] })).toBe(true);
  expect(needsCare(refused("hate"))).toBe(false);
  expect(needsCare(fine)).toBe(false);
});
