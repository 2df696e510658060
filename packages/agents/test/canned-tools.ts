import type { CreatorProfile } from "@understudy/contracts";
import type {
  Agent,
  AgentTools,
  Attempted,
  Conversation,
  FoundInsight,
  GenerateRequest,
  InsightQuery,
  NewInsight,
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
  requests: (GenerateRequest & { key: string })[];
  queries: InsightQuery[];
  shared: NewInsight[];
  recalled: string[];
  /** Steps of other agents, whatever became of them. */
  delegated: string[];
  logged: { message: string; fields?: Record<string, unknown> }[];
}

/** What the ledger counts for the parts of a request. */
export function bytesIn(parts: readonly string[] = []): number {
  return parts.reduce((sum, part) => sum + Buffer.byteLength(part) + 16, 0);
}

/** Tools that answer what a test says, parse it as the real ones do, and note what they were asked. */
export function cannedTools(canned: Canned = {}): { tools: AgentTools; seen: Seen } {
  const seen: Seen = { requests: [], queries: [], shared: [], recalled: [], delegated: [], logged: [] };
  const used = new Set<string>();

  function toolsUnder(prefix: string): AgentTools {
    const takeKey = (step: string) => {
      const key = prefix + step;
      if (used.has(key)) throw new Error(`The step "${key}" is used twice.`);
      used.add(key);
      return key;
    };
    const delegate: AgentTools["delegate"] = async (agent, input, step = agent.name) => {
      const key = takeKey(step);
      seen.delegated.push(key);
      return agent.output.parse(await agent.run(agent.input.parse(input), toolsUnder(`${key}/`)));
    };
    const generate = async ({ output, ...request }: GenerateRequest & { output?: Agent["output"] }) => {
      const key = takeKey(request.step);
      seen.requests.push({ ...request, key });
      const answer = canned.answers?.[key];
      if (answer === undefined) throw new Error(`Nobody has said what "${key}" is answered.`);
      if (answer instanceof Error) throw answer;
      return output ? output.parse(answer) : answer;
    };
    return {
      generate: generate as AgentTools["generate"],
      generateText: async (request) => ({ text: String(await generate(request)) }),
      delegate,
      async tryDelegate(agent, input, step) {
        type Value = Awaited<ReturnType<typeof agent.run>>;
        try {
          return { kind: "done", value: await delegate(agent, input, step) } as Attempted<Value>;
        } catch (error) {
          return { kind: "failed", reason: String(error) };
        }
      },
      profile: canned.profile ?? {},
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
  return { tools: toolsUnder(""), seen };
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
