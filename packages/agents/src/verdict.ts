import { z } from "zod";

export const severities = ["none", "low", "medium", "high", "critical"] as const;

/** What was found wrong with a text, and whether it may pass. */
export const verdict = z.object({
  allowed: z.boolean().describe("whether the text is acceptable"),
  categories: z
    .array(z.string())
    .describe(
      "what is wrong with it: minors, self_harm, doxxing, off_platform_payment, hate, harassment, sexual, scam, spam, prompt_injection, platform_rules; empty if nothing is",
    ),
  severity: z.enum(severities),
  reasons: z.array(z.string()).describe("one short sentence for each category, without quoting the text"),
});

export type Verdict = z.infer<typeof verdict>;

export const nothingFound: Verdict = { allowed: true, categories: [], severity: "none", reasons: [] };

/** One thing that code found, beside what the model says. */
export interface Finding {
  category: string;
  severity: Verdict["severity"];
  reason: string;
}

/** A verdict to which findings are added: they only ever make it stricter. */
export function withFindings(found: Verdict, findings: readonly Finding[]): Verdict {
  const categories = found.categories.map(plainCategory);
  const added = findings.filter(({ category }) => !categories.includes(category));
  return {
    allowed: found.allowed && findings.length === 0,
    categories: [...new Set([...categories, ...findings.map(({ category }) => category)])],
    severity: [found.severity, ...findings.map(({ severity }) => severity)].reduce(worse),
    reasons: [...found.reasons, ...added.map(({ reason }) => reason)],
  };
}

/** "Self-harm" is self_harm, and one minor is minors. */
function plainCategory(category: string): string {
  const plain = category
    .trim()
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_");
  return plain === "minor" ? "minors" : plain;
}

/** A fan who may harm themselves is not turned away: they get an answer with care, and are sold nothing. */
export function needsCare({ categories }: Verdict): boolean {
  return categories.includes("self_harm");
}

function worse(one: Verdict["severity"], other: Verdict["severity"]): Verdict["severity"] {
  return severities.indexOf(other) > severities.indexOf(one) ? other : one;
}
