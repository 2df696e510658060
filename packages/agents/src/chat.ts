import { z } from "zod";
import { compliance } from "./compliance.ts";
import { type AgentTools, type Conversation, defineAgent, delegated } from "./define-agent.ts";
import { asksToBuy, goodsIn, isVulnerable, refusesOffers, textsIn } from "./fan-signals.ts";
import { fanMessage, firstReads, messaging, reply } from "./messaging.ts";
import { draftBytesMax } from "./outgoing-text.ts";
import { sales, salesContext } from "./sales.ts";
import { needsCare, nothingFound, type Verdict } from "./verdict.ts";

const output = reply.extend({
  /** Something that might be offered beside the reply, in the creator's voice. */
  suggestedUpsell: z.string().optional(),
  salesTactics: z.array(z.string()).optional(),
  /** In USD. */
  suggestedPrice: z.string().optional(),
});

type FanMessage = z.infer<typeof fanMessage>;
type Upsell = Pick<z.infer<typeof output>, "suggestedUpsell" | "salesTactics" | "suggestedPrice">;

const longestDraft = "x".repeat(draftBytesMax);

/**
 * The coordinator: what the web app calls for a fan's message. Compliance reads the message, messaging drafts a reply
 * while sales, where it fits, words an offer, and compliance reads what they wrote. Nothing is shown unread.
 */
export const chat = defineAgent({
  name: "chat",
  agentId: "chat_ai",
  title: "Chat",
  summary: "Answers a fan's message: hands it to the agents that it needs.",
  route: "chat",
  feature: "fan_message",
  input: fanMessage,
  output,
  example: {
    input: { fanId: "fan_7", message: "hey!! loved your last post, do you have more photos like that?" },
    output: {
      response: "Hi you! That made my day 💛 There is a whole set from that afternoon.",
      confidence: 0.86,
      compliance: { allowed: true, categories: [], severity: "none", reasons: [] },
      insightsUsed: [],
      suggestedUpsell: "I have just put the whole set together, want to see it?",
      salesTactics: ["early_access"],
      suggestedPrice: "12.50",
    },
  },
  role: "draft",
  expectedCalls: 4,
  queue: { timeoutSeconds: 60, attempts: 5 },
  firstReads,
  steps: () => ({}),
  necessary: (given) => [
    delegated(compliance, { content: given.message, direction: "incoming" }, "compliance-message"),
    delegated(messaging, { ...given, verdict: nothingFound }),
    delegated(
      compliance,
      { content: longestDraft, direction: "outgoing", answers: given.message },
      "compliance-draft",
    ),
  ],
  async run(given, tools) {
    const judged = await tools.delegate(
      compliance,
      { content: given.message, direction: "incoming" },
      "compliance-message",
    );
    const { suggestedRewrite: _, ...verdict } = judged;
    if (!verdict.allowed && !needsCare(verdict)) return unanswered(verdict);

    const conversation = given.history ? { turns: given.history } : await tools.recall(given.fanId);
    const fits = verdict.allowed && fitsSale(given, conversation.turns);
    // Both are waited for, whatever becomes of one: no call of a job outlives it.
    const [drafted, offered] = await Promise.allSettled([
      tools.delegate(messaging, { ...given, ...known(conversation), verdict }),
      fits ? offer(given, tools) : {},
    ]);
    if (drafted.status === "rejected") throw drafted.reason;
    if (offered.status === "rejected") throw offered.reason;
    const draft = drafted.value;
    if (draft.response === null) return draft;

    const checked = await checkDraft(draft.response, given.message, tools);
    if (checked.response === null)
      return { ...unanswered(checked.verdict), insightsUsed: draft.insightsUsed };
    if (fits || (verdict.allowed && asksToBuy(given.message))) await shareInterest(given, tools);
    return { ...draft, response: checked.response, compliance: verdict, ...offered.value };
  },
});

/** The conversation as messaging takes it: it is recalled once. */
function known({ summary, turns }: Conversation) {
  const history = turns.filter(({ text }) => text.trim() !== "").slice(-100);
  return { history, summary };
}

function unanswered(verdict: Verdict): z.infer<typeof reply> {
  return { response: null, confidence: 0, compliance: verdict, insightsUsed: [] };
}

/**
 * What may be shown of a draft: the draft, else compliance's own rewrite of it where that passes as well, else nothing.
 * @param answers the fan's message
 */
async function checkDraft(
  draft: string,
  answers: string,
  tools: AgentTools,
): Promise<{ response: string | null; verdict: Verdict }> {
  const check = async (content: string, step: string) => {
    const { suggestedRewrite, ...verdict } = await tools.delegate(
      compliance,
      { content, direction: "outgoing", answers },
      step,
    );
    return { suggestedRewrite, verdict };
  };
  const first = await check(draft, "compliance-draft");
  if (first.verdict.allowed) return { response: draft, verdict: first.verdict };
  tools.log("compliance refused a draft", { rewritten: first.suggestedRewrite !== undefined });
  if (first.suggestedRewrite === undefined) return { response: null, verdict: first.verdict };
  const second = await check(first.suggestedRewrite, "compliance-rewrite");
  return { response: second.verdict.allowed ? first.suggestedRewrite : null, verdict: second.verdict };
}

/** Latest turns of a fan in which a no, or a worry, still counts. */
const recentTurns = 6;
/** Turns of a fan after which a conversation is one. */
const engagedTurns = 4;

/**
 * Whether something may be offered: the fan asks, buys, or is well engaged; never to who is vulnerable, and not after
 * a no. Decided here, not by a model.
 */
function fitsSale({ message, context }: FanMessage, turns: Conversation["turns"]): boolean {
  const said = turns.filter(({ from }) => from === "fan").map(({ text }) => text);
  const lately = [...said.slice(-recentTurns), message];
  if ([...textsIn(context), ...lately].some(isVulnerable)) return false;
  const lastNo = lately.findLastIndex(refusesOffers);
  if (lastNo >= 0 && !lately.slice(lastNo + 1).some(asksToBuy)) return false;
  if (asksToBuy(message)) return true;
  const { purchaseHistory, engagementLevel, pricePoint } = knownOf(context);
  const hasBought = Array.isArray(purchaseHistory) && purchaseHistory.length > 0;
  const isEngaged = /high|vip|whale|loyal|very/i.test(String(engagementLevel ?? ""));
  return hasBought || isEngaged || pricePoint !== undefined || said.length >= engagedTurns;
}

/** What of the app's own context means something to sales. */
function knownOf(context: FanMessage["context"]): z.infer<typeof salesContext> {
  if (typeof context !== "object") return {};
  const known = Object.entries(salesContext.shape).map(([name, schema]) => [
    name,
    schema.safeParse(context[name]).data,
  ]);
  return salesContext.parse(Object.fromEntries(known));
}

/** An offer that compliance lets pass; nothing where there is none, or where sales or its check fails. */
async function offer({ fanId, message, context }: FanMessage, tools: AgentTools): Promise<Upsell> {
  const asked = { fanId, context: { ...knownOf(context), currentMessage: message } };
  const suggested = await tools.tryDelegate(sales, asked);
  if (suggested.kind === "failed" || suggested.value.message === "") return {};
  const { message: upsell, tactics, suggestedPrice } = suggested.value;
  const checked = await tools.tryDelegate(
    compliance,
    { content: upsell, direction: "outgoing", answers: message },
    "compliance-offer",
  );
  if (checked.kind === "failed" || !checked.value.allowed) return {};
  return {
    suggestedUpsell: upsell,
    salesTactics: tactics,
    ...(suggestedPrice !== undefined && { suggestedPrice }),
  };
}

/** What a fan asks for, in words of ours: other jobs of this fan find it. */
async function shareInterest({ fanId, message }: FanMessage, tools: AgentTools): Promise<void> {
  const goods = goodsIn(message);
  const wantsToBuy = asksToBuy(message);
  if (goods.length === 0 && !wantsToBuy) return;
  const what = goods.join(", ") || "what there is to buy";
  await tools.shareInsight({
    step: "learned",
    type: "fan_interest",
    confidence: wantsToBuy ? 0.7 : 0.5,
    text: `${wantsToBuy ? "Asked to buy" : "Spoke of"}: ${what}.`,
    data: { goods, wantsToBuy },
    scope: "creator",
    fanId,
  });
}
