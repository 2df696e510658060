import { z } from "zod";
import { firstWithin, lastWithin, withinBytes } from "./budget.ts";
import type { Conversation, FoundInsight } from "./define-agent.ts";
import { contained, partBytesMax, wrapped } from "./fan-text.ts";

const labels = {
  examples: "style_examples",
  insights: "known_insights",
  conversation: "conversation_history",
};

/** Most bytes of each part's text. */
const budgets = { examples: 3000, insights: 2000, conversation: 6000 };

/** Most that insights add to a prompt's upper bound, in at most two parts. */
export const insightPartsBytesMax =
  partBytesMax(labels.examples, budgets.examples) + partBytesMax(labels.insights, budgets.insights);

/** Most that a conversation adds to a prompt's upper bound. */
export const conversationPartBytesMax = partBytesMax(labels.conversation, budgets.conversation);

/** What another fan wrote is not in it. */
const styleExample = z.object({ message: z.string().optional(), reply: z.string() });

/** The parts that show what is known: what the creator really sent, and what was learned; with the ids of what stands there. */
export function insightParts(insights: readonly FoundInsight[]): { parts: string[]; used: string[] } {
  const examples: { id: string; text: string }[] = [];
  const facts: { id: string; text: string }[] = [];
  for (const { id, type, text, data } of insights) {
    const example = type === "style_example" ? styleExample.safeParse(data) : undefined;
    if (example?.success) {
      const { message, reply } = example.data;
      const fan = message === undefined ? "" : `fan: ${inset(message)}\n`;
      examples.push({ id, text: `${fan}you: ${inset(reply)}` });
    } else {
      facts.push({ id, text: `- ${inset(text)}` });
    }
  }
  const parts: string[] = [];
  const used: string[] = [];
  for (const [label, items, bytesMax] of [
    [labels.examples, examples, budgets.examples],
    [labels.insights, facts, budgets.insights],
  ] as const) {
    const kept = firstWithin(
      items.map(({ text }) => text),
      bytesMax,
    );
    if (kept.length === 0) continue;
    parts.push(wrapped(label, kept.join("\n")));
    used.push(...items.slice(0, kept.length).map(({ id }) => id));
  }
  return { parts, used };
}

/** What was said so far: the summary, then as many of the newest turns as fit. */
export function conversationPart({ summary, turns }: Conversation): string[] {
  const summaryMax = Math.floor(budgets.conversation / 4);
  const before = summary ? withinBytes(`earlier: ${inset(summary)}`, summaryMax) : "";
  const room = budgets.conversation - (before ? summaryMax + 1 : 0);
  const kept = lastWithin(
    newest(turns, 2 * room).map(({ from, text }) => `${from}: ${inset(text)}`),
    room,
  );
  const lines = [...(before ? [before] : []), ...kept];
  return lines.length > 0 ? [wrapped(labels.conversation, lines.join("\n"))] : [];
}

/** The newest turns, so many characters or a little more: what is surely left out is not even cleaned. */
function newest(turns: Conversation["turns"], charactersMax: number): Conversation["turns"] {
  const kept: Conversation["turns"] = [];
  let left = charactersMax;
  for (const { from, text } of turns.toReversed()) {
    if (left <= 0) break;
    kept.unshift({ from, text: text.slice(0, charactersMax) });
    left -= text.length;
  }
  return kept;
}

/** Contained, and no line of it at the margin, where a turn begins. */
function inset(text: string): string {
  return contained(text).trim().replace(/\n+/g, "\n  ");
}
