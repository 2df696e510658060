import { type ModelCapabilities, type ThinkingLevel, thinkingLevels } from "@understudy/contracts";

/** How a request says how much to think: `thinkingConfig`, as Gemini takes it. */
export type ThinkingSetting = { thinkingBudget: number } | { thinkingLevel: ThinkingLevel };

/** What a request asks for, and the room that it keeps for thoughts beside the answer, in tokens. */
export interface ThinkingPlan {
  setting: ThinkingSetting | undefined;
  roomTokens: number;
  /** Models with a budget: whether `maxOutputTokens` bounds thoughts as well is told both ways, so they count beside it. */
  isRoomBeside: boolean;
}

/**
 * Of each level: the budget that Google equates it with (ai.google.dev/gemini-api/docs/openai), and the room that its
 * thoughts get in `maxOutputTokens`, which bounds thoughts and answer together (googleapis/python-genai#2062): with
 * too little of it the answer is cut off, what is too much is only held. Near a quota's end it gets the least. Measured were at MINIMAL none or nearly none,
 * at LOW 800 to 3,000 tokens (3.1 Pro; python-genai#1795), by default, MEDIUM, 5,000 on the average.
 */
const ofLevel: Readonly<
  Record<ThinkingLevel, { budget: number; roomTokens: number; leastRoomTokens?: number }>
> = {
  MINIMAL: { budget: 0, roomTokens: 512, leastRoomTokens: 128 },
  LOW: { budget: 1_024, roomTokens: 4_096 },
  MEDIUM: { budget: 8_192, roomTokens: 16_384 },
  HIGH: { budget: 24_576, roomTokens: 32_768 },
  // Never asked for: no budget stands for it.
  XHIGH: { budget: Number.POSITIVE_INFINITY, roomTokens: 32_768 },
};

/**
 * As little thinking as the model can do, or what fits a budget.
 * @param budget most tokens of thoughts. A model with levels gets the highest whose budget is no more than this one
 * @param isLeast there is room for the shortest answer alone
 */
export function planThinking(
  { thinking }: Pick<ModelCapabilities, "thinking">,
  budget: number | undefined,
  isLeast = false,
): ThinkingPlan {
  if (!thinking) return { setting: undefined, roomTokens: budget ?? 0, isRoomBeside: true };
  if (thinking.by === "budget") {
    const least = thinking.canBeOff ? 0 : thinking.min;
    const thinkingBudget = budget === undefined ? least : withinRange(budget, thinking);
    return { setting: { thinkingBudget }, roomTokens: thinkingBudget, isRoomBeside: true };
  }
  const [least = "LOW"] = thinking.levels;
  const allowed = thinkingLevels.filter((level) => thinking.levels.includes(level));
  const thinkingLevel = allowed.findLast((level) => ofLevel[level].budget <= (budget ?? 0)) ?? least;
  const { roomTokens: usual, leastRoomTokens = usual } = ofLevel[thinkingLevel];
  const known = thinkingLevel === least ? (thinking.leastRoomTokens ?? usual) : usual;
  const roomTokens = Math.max(isLeast ? Math.min(known, leastRoomTokens) : known, budget ?? 0);
  return { setting: { thinkingLevel }, roomTokens, isRoomBeside: false };
}

/** A budget that the model takes: off, or within its range. */
function withinRange(
  budget: number,
  { min, max, canBeOff }: { min: number; max: number; canBeOff: boolean },
) {
  if (budget === 0 && canBeOff) return 0;
  return Math.min(max, Math.max(min, budget));
}
