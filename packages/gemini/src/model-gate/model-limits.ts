import { z } from "zod";

/** What Gemini lets a project ask of one model in any 60 seconds. */
export interface ModelLimit {
  requestsPerMinute?: number;
  /** Of the prompt and the answer together. */
  tokensPerMinute?: number;
}

const form = "must be like gemini-3.5-flash-lite=1000rpm/2000000tpm,gemini-3.8-flash=150rpm";
const entryPattern = /^([a-z0-9][a-z0-9.-]*)=(?:([1-9]\d{0,11})rpm)?(\/(?=[1-9]))?(?:([1-9]\d{0,11})tpm)?$/;

/** Limits by the name that a model's price has, read from `model=<n>rpm/<m>tpm,…`; either of the two may be left out. */
export const modelLimits = z.string().transform((text, context): ReadonlyMap<string, ModelLimit> => {
  const limits = new Map<string, ModelLimit>();
  const refuse = (message: string) => {
    context.addIssue({ code: "custom", message });
    return z.NEVER;
  };
  for (const entry of text.split(",").map((part) => part.trim())) {
    const [, model, rpm, slash, tpm] = entryPattern.exec(entry) ?? [];
    const isWhole =
      (rpm ?? tpm) !== undefined && (slash !== undefined) === (rpm !== undefined && tpm !== undefined);
    if (model === undefined || !isWhole) return refuse(form);
    if (limits.has(model)) return refuse(`names ${model} twice`);
    limits.set(model, {
      ...(rpm !== undefined && { requestsPerMinute: Number(rpm) }),
      ...(tpm !== undefined && { tokensPerMinute: Number(tpm) }),
    });
  }
  return limits;
});
