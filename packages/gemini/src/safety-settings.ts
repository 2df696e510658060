import { z } from "zod";

/** What requests are for; `*` stands for all. */
const roles = ["draft", "check", "offer", "caption", "explain", "summary", "embed", "*"] as const;

/** Source: ai.google.dev/api/generate-content, HarmCategory and HarmBlockThreshold. */
const categories = [
  "HARM_CATEGORY_HARASSMENT",
  "HARM_CATEGORY_HATE_SPEECH",
  "HARM_CATEGORY_SEXUALLY_EXPLICIT",
  "HARM_CATEGORY_DANGEROUS_CONTENT",
  "HARM_CATEGORY_CIVIC_INTEGRITY",
] as const;
const thresholds = [
  "BLOCK_LOW_AND_ABOVE",
  "BLOCK_MEDIUM_AND_ABOVE",
  "BLOCK_ONLY_HIGH",
  "BLOCK_NONE",
  "OFF",
] as const;

const thresholdByCategory = z.partialRecord(z.enum(categories), z.enum(thresholds));
const byRole = z.partialRecord(z.enum(roles), thresholdByCategory);

/** From which probability on Gemini blocks a kind of harm; its own default where none is given. */
export type SafetyThresholds = z.infer<typeof thresholdByCategory>;

/** The same by what requests are for: a role's own, over those of `*`. */
export type SafetySettings = z.infer<typeof byRole>;

/** `GEMINI_SAFETY_SETTINGS`: JSON such as `{"*": {"HARM_CATEGORY_HARASSMENT": "BLOCK_ONLY_HIGH"}, "check": {…}}`. */
export const safetySettings = z
  .string()
  .transform((text, context) => {
    try {
      return JSON.parse(text);
    } catch {
      context.addIssue({ code: "custom", message: "is no JSON" });
      return z.NEVER;
    }
  })
  .pipe(byRole);

/** The settings of one request, as they go over the wire. */
export function wireSafetySettings(thresholds: SafetyThresholds): { category: string; threshold: string }[] {
  return Object.entries(thresholds).map(([category, threshold]) => ({ category, threshold }));
}

/** What holds for a role; for none `*` alone. */
export function thresholdsOf(settings: SafetySettings, role: string | undefined): SafetyThresholds {
  const own = roles.find((each) => each === role);
  return { ...settings["*"], ...(own && settings[own]) };
}
