import { describe, expect, it } from "@jest/globals";
import { modelSchemaOf, type Part, type Step, spare } from "@understudy/contracts";
import type { CallIntent } from "@understudy/ledger";
import fc from "fast-check";
import { z } from "zod";
import { generateTextWithBilling } from "../src/generate-with-billing.ts";
import type { GenerationRequest } from "../src/provider.ts";
import { answers, askedStep, dependencies, detailsOf, prices } from "./billed-run.ts";

/** Texts of which a tokenizer may make a token of each byte: rare scripts, symbols, halves of characters, what can't be seen. */
const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 300 }),
  fc.string({
    unit: fc.constantFrom("ж", "字", "🎉", "\u200b", "\ud800", "<", "\n", "𒀀", "﷽"),
    maxLength: 300,
  }),
);

const declared = fc.record({
  system: text,
  needed: fc.array(text, { minLength: 1, maxLength: 4 }),
  spared: fc.array(text, { maxLength: 3 }),
  maxOutputTokens: fc.integer({ min: 1, max: 4_000 }),
  leastPercent: fc.integer({ min: 1, max: 100 }),
  described: fc.option(text, { nil: undefined }),
  /** How much of the whole step's hold there is room for. */
  roomPercent: fc.integer({ min: 40, max: 110 }),
});

describe("whatever stands in a prompt", () => {
  it("costs no more than is held, where each byte is a token and all is written that may be", async () => {
    const opened = { whole: 0, less: 0, none: 0 };
    await fc.assert(
      fc.asyncProperty(
        declared,
        async ({ needed, spared, described, leastPercent, roomPercent, ...bounds }) => {
          const parts: Part[] = [...spared.map(spare), ...needed];
          const step: Step & { role: "draft" } = {
            ...bounds,
            role: "draft",
            leastOutputTokens: Math.ceil((bounds.maxOutputTokens * leastPercent) / 100),
            ...(described !== undefined && { output: z.object({ text: z.string().describe(described) }) }),
            ...{ partsBytesMax: 1_000_000, spareBytesMax: 1_000_000 },
          };
          const before = { open: detailsOf("open").length, sent: detailsOf("send").length };
          let most: CallIntent["holdUsd"] | undefined;
          answers.notOpened = ({ holdUsd }) => {
            most ??= holdUsd.times(roomPercent).div(100);
            return holdUsd.lte(most)
              ? undefined
              : ({ kind: "no_room", requiredUsd: holdUsd.toFixed() } as never);
          };
          await generateTextWithBilling(dependencies, { ...askedStep(), step, parts });

          const intents = detailsOf("open")
            .slice(before.open)
            .map(([intent]) => intent as CallIntent);
          const [sent] = detailsOf("send").slice(before.sent) as [[GenerationRequest]] | [];
          opened[!sent ? "none" : intents.length === 1 ? "whole" : "less"]++;
          if (!sent) return;
          const [request] = sent;
          const held = intents.at(-1);
          const schema = step.output ? JSON.stringify(modelSchemaOf(step.output)) : "";
          const bytes = [request.system, schema, ...request.parts].map((one) => Buffer.byteLength(one));
          // What stands around each, as a provider's roles and separators: no more than the room that is kept for it.
          const promptTokens = bytes.reduce((sum, count) => sum + count, 0) + 16 * (request.parts.length + 2);
          const costUsd = prices.flash.inputUsd
            .times(promptTokens)
            .plus(prices.flash.outputUsd.times(request.maxOutputTokens))
            .div(1_000_000);
          expect(held?.holdUsd.gte(costUsd)).toBe(true);
          // Nothing that can't be spared is ever left out.
          expect(request.parts.slice(-needed.length)).toEqual(needed);
        },
      ),
      { numRuns: 300 },
    );
    // All three were met, else this says little.
    expect(Math.min(...Object.values(opened))).toBeGreaterThan(0);
  });
});
