import { type Agent, type AgentTools, findAgent } from "@understudy/agents";
import type { CreatorProfile } from "@understudy/contracts";
import { ownCpuUs } from "./cpu-time.ts";

const draft = "Aww, you made my day! There is a whole set from that afternoon, I think you'd love it 💛";
const allowed = { allowed: true, categories: [], severity: "none", reasons: [] };

/** What the model answers to each step of a chat: a draft, an offer, and that nothing is wrong with either. */
const answers: Record<string, object> = {
  draft: { response: draft, confidence: 0.8 },
  offer: {
    message: "I have just put the whole set together, want to see it? It's $12.",
    tactics: ["bundle"],
    suggestedPrice: 12,
    expectedConversionRate: 0.2,
    alternativeMessages: ["The whole set is ready, shall I show you?"],
    confidence: 0.7,
  },
  check: allowed,
};

/** So many before V8 has compiled what is hot. */
const warmUpChats = 3_000;
const chats = 5_000;

/**
 * CPU in µs that a chat's agents take for its texts: what they word, check and clean, where whatever they ask is answered
 * at once. One figure a round.
 */
export async function chatTextCpuUs(
  messages: readonly string[],
  profile: CreatorProfile,
  rounds: number,
): Promise<number[]> {
  const chat = findAgent("chat") as Agent;
  const chatAll = async (count: number) => {
    for (let at = 0; at < count; at++) {
      const message = messages[at % messages.length] ?? "";
      await chat.run({ fanId: "fan", message }, toolsThatAnswer(profile, messages, at));
    }
  };
  await chatAll(warmUpChats);
  return ownCpuUs(rounds, chats, chatAll);
}

const { signal } = new AbortController();

function toolsThatAnswer(profile: CreatorProfile, messages: readonly string[], at: number): AgentTools {
  const said = (turn: number) => messages[(at * 13 + turn) % messages.length] ?? "";
  const tools: Pick<AgentTools, "profile" | "recall" | "findInsights" | "shareInsight" | "signal" | "log"> = {
    profile,
    recall: async () => ({
      turns: [0, 1].flatMap((turn) => [
        { from: "fan" as const, text: said(turn) },
        { from: "creator" as const, text: draft },
      ]),
    }),
    findInsights: async () =>
      [2, 3, 4].map((turn) => ({
        id: `insight_${turn}`,
        source: "chat_ai",
        type: "style_example",
        confidence: 0.8,
        text: draft,
        data: { message: said(turn), reply: draft },
      })),
    shareInsight: async () => "insight_1",
    signal,
    log: () => {},
  };
  const delegate = (agent: object, input: object) => (agent as Agent).run({ ...input }, all);
  const all = {
    ...tools,
    generate: async (step: string) => answers[step],
    delegate,
    tryDelegate: async (agent: object, input: object) => ({
      kind: "done",
      value: await delegate(agent, input),
    }),
  } as unknown as AgentTools;
  return all;
}
