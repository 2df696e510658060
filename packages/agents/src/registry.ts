import { analytics } from "./analytics.ts";
import { chat } from "./chat.ts";
import { compliance } from "./compliance.ts";
import { content } from "./content.ts";
import type { Agent } from "./define-agent.ts";
import { messaging } from "./messaging.ts";
import { sales } from "./sales.ts";
import { test } from "./test.ts";

/** All agents. A new one is its file and a line here. */
export const agents: readonly Agent[] = [chat, messaging, sales, content, analytics, compliance, test].map(
  (agent) => agent as unknown as Agent,
);

const byName = new Map(agents.map((agent) => [agent.name, agent]));
if (byName.size !== agents.length) throw new Error("Two agents have one name.");

export const agentNames: readonly string[] = [...byName.keys()];

/** By agent: the calls that a job of it usually makes. */
export const expectedCalls: Readonly<Record<string, number>> = Object.fromEntries(
  agents.map((agent) => [agent.name, agent.expectedCalls]),
);

/** The agent of that name; undefined where there is none. */
export function findAgent(name: string): Agent | undefined {
  return byName.get(name);
}
