import { chat } from "../src/chat.ts";
import type { AgentTools } from "../src/define-agent.ts";
import { type Canned, cannedTools, fine } from "./canned-tools.ts";

export const draft = { response: "Thank you, that means a lot!", confidence: 0.8 };
export const suggestion = {
  message: "I have a new set you might like.",
  tactics: ["bundle"],
  suggestedPrice: 9.99,
  expectedConversionRate: 0.2,
  alternativeMessages: [],
  confidence: 0.7,
};

/** What is answered where nothing is wrong. */
export const usual = {
  "compliance-message/check": fine,
  "messaging/draft": draft,
  "compliance-draft/check": fine,
  "sales/offer": suggestion,
  "compliance-offer/check": fine,
};

/**
 * Runs the chat for a fan's message, with the usual answers unless others are canned.
 * @param more of its input
 * @param over tools in place of the canned ones
 */
export async function runChat(
  message: string,
  canned: Canned = {},
  more: object = {},
  over: Partial<AgentTools> = {},
) {
  const given = chat.input.parse({ fanId: "f", message, ...more });
  const answers = { ...usual, ...canned.answers };
  const { tools, seen } = cannedTools(chat, given, { ...canned, answers });
  const result = await chat.run(given, { ...tools, ...over });
  return { result: chat.output.parse(result), seen, keys: seen.requests.map(({ key }) => key) };
}
