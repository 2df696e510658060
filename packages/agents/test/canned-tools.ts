import { type CreatorProfile, longerThanDeclared, partBytes, textsOf } from "@understudy/contracts";
import type { z } from "zod";
import type {
  Agent,
  AgentTools,
  Conversation,
  FoundInsight,
  InsightQuery,
  NewInsight,
  Part,
  Step,
  Steps,
} from "../src/define-agent.ts";

/** What the tools of a test answer: by the whole key of a step, such as "messaging/draft". An Error is thrown. */
export interface Canned {
  answers?: Record<string, object | string | Error>;
  profile?: CreatorProfile;
  conversation?: Conversation;
  insights?: FoundInsight[];
}

/** What an agent did with its tools, in order. */
export interface Seen {
  requests: (Step & { key: string; parts: string[] })[];
  queries: InsightQuery[];
  shared: NewInsight[];
  recalled: string[];
  /** Steps of other agents, whatever became of them. */
  delegated: string[];
  logged: { message: string; fields?: Record<string, unknown> }[];
}

/** What the ledger counts for the parts of a request. */
export function bytesIn(parts: readonly string[] = []): number {
  return parts.reduce((sum, part) => sum + partBytes(part), 0);
}

function nothingSeen(): Seen {
  return { requests: [], queries: [], shared: [], recalled: [], delegated: [], logged: [] };
}

/** Runs an agent with such tools for what it is given. */
export function cannedRun<Input extends z.ZodObject, Output extends z.ZodObject, Declared extends Steps>(
  agent: Agent<Input, Output, Declared>,
  canned: Canned = {},
) {
  const seen = nothingSeen();
  const run = (input: z.infer<Input>) => agent.run(input, cannedTools(agent, input, canned, seen).tools);
  return { run, seen };
}

/**
 * Tools of an agent with that input, which answer what a test says, parse it as the real ones do, and note what they were
 * asked. Like the real ones they refuse a request that is longer than its step declares.
 */
export function cannedTools<Input extends z.ZodObject, Output extends z.ZodObject, Declared extends Steps>(
  agent: Agent<Input, Output, Declared>,
  input: z.infer<Input>,
  canned: Canned = {},
  seen = nothingSeen(),
): { tools: AgentTools<Declared>; seen: Seen } {
  const used = new Set<string>();

  function toolsUnder(prefix: string, agent: Agent, input: Record<string, unknown>): AgentTools {
    const profile = canned.profile ?? {};
    const steps = agent.steps(input, profile);
    const takeKey = (step: string) => {
      const key = prefix + step;
      if (used.has(key)) throw new Error(`The step "${key}" is used twice.`);
      used.add(key);
      return key;
    };
    const delegate: AgentTools["delegate"] = async (other, otherInput, step = other.name) => {
      const key = takeKey(step);
      seen.delegated.push(key);
      const helper = other as unknown as Agent;
      const parsed = other.input.parse(otherInput);
      return other.output.parse(await helper.run(parsed, toolsUnder(`${key}/`, helper, parsed)));
    };
    const generate = async (name: string, parts: readonly Part[]) => {
      const key = takeKey(name);
      const step = steps[name];
      if (!step) throw new Error(`There is no step "${name}".`);
      const longer = longerThanDeclared(step, parts);
      if (longer !== undefined) throw new Error(`"${key}" is longer than it is declared: ${longer}.`);
      seen.requests.push({ ...step, key, parts: textsOf(parts) });
      const answer = canned.answers?.[key];
      if (answer === undefined) throw new Error(`Nobody has said what "${key}" is answered.`);
      if (answer instanceof Error) throw answer;
      return step.output ? step.output.parse(answer) : answer;
    };
    return {
      generate: generate as AgentTools["generate"],
      generateText: async (name, parts) => ({ text: String(await generate(name, parts)) }),
      delegate,
      async tryDelegate(agent, input, step) {
        try {
          return { kind: "done", value: await delegate(agent, input, step) };
        } catch (error) {
          return { kind: "failed", reason: String(error) };
        }
      },
      profile,
      async recall(fanId) {
        seen.recalled.push(fanId);
        return canned.conversation ?? { turns: [] };
      },
      async findInsights(query) {
        takeKey(query.step);
        seen.queries.push(query);
        return (canned.insights ?? []).slice(0, query.limit);
      },
      async shareInsight(insight) {
        takeKey(insight.step);
        seen.shared.push(insight);
        return `ins_${seen.shared.length}`;
      },
      signal: new AbortController().signal,
      log: (message, fields) => seen.logged.push({ message, ...(fields && { fields }) }),
    };
  }
  const tools = toolsUnder("", agent as unknown as Agent, input);
  return { tools: tools as AgentTools<Declared>, seen };
}

export const fine = {
  allowed: true,
  categories: [] as string[],
  severity: "none" as const,
  reasons: [] as string[],
};

export function refused(category: string, suggestedRewrite?: string) {
  return {
    allowed: false,
    categories: [category],
    severity: "high" as const,
    reasons: [`It is ${category}.`],
    ...(suggestedRewrite !== undefined && { suggestedRewrite }),
  };
}

/** What the model answers where nothing is wrong: messaging's draft, with its verdict. */
export const fineDraft = { response: "hi", confidence: 0.8, compliance: fine };

/** An insight whose text is its id. */
export function insight(id: string, over: Partial<FoundInsight> = {}): FoundInsight {
  return { id, source: "chat_ai", type: "fan_interest", confidence: 0.6, text: id, data: {}, ...over };
}
