import { partBytes } from "@understudy/contracts";
import { z } from "zod";
import { defineAgent, serviceTiers } from "./define-agent.ts";

const input = z.strictObject({
  prompt: z.string().min(1).max(100_000),
  model: z.string().min(1).max(100).optional(),
  serviceTier: z.enum(serviceTiers).exclude(["batch"]).optional(),
  maxOutputTokens: z.int().min(1).max(65_536).optional(),
  thinkingBudget: z
    .int()
    .min(0)
    .max(32_768)
    .optional()
    .describe(
      "Most tokens of thoughts; as few as the model can do unless given. Since Gemini 3: the highest level that Google equates with no more (LOW 1,024, MEDIUM 8,192, HIGH 24,576).",
    ),
});

/** Sends a prompt as it stands: for trying the system. */
export const test = defineAgent({
  name: "test",
  agentId: "test_ai",
  title: "Test",
  summary: "Sends a prompt to the model as it stands, for trying the system.",
  route: "test",
  feature: "test",
  input,
  output: z.object({
    text: z.string(),
    truncated: z.literal(true).optional().describe("The text was cut off: its tokens were used up."),
  }),
  example: { input: { prompt: "Say hello in one word." }, output: { text: "Hello!" } },
  role: "draft",
  model: (input) => input.model,
  expectedCalls: 1,
  queue: { timeoutSeconds: 120, attempts: 5 },
  steps: ({ prompt, serviceTier, maxOutputTokens = 1024, thinkingBudget }) => ({
    prompt: {
      system: "",
      maxOutputTokens,
      ...(serviceTier && { serviceTier }),
      ...(thinkingBudget !== undefined && { thinkingBudget }),
      partsBytesMax: partBytes(prompt),
    },
  }),
  run: ({ prompt }, tools) => tools.generateText("prompt", [prompt]),
});
