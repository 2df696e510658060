import { QuotaExceededError, RateLimitError, type Understudy } from "@understudy/sdk";

/** Text for a creator, and who pays for it: nothing is asked for that would have to wait, or that nobody can pay. */
export async function textFor(understudy: Understudy, creatorId: string, prompt: string) {
  const { checkCreatorRateLimit, generateTextWithBilling } = understudy;
  try {
    await checkCreatorRateLimit(creatorId);
    const { text, usage } = await generateTextWithBilling({
      prompt,
      metadata: { creatorId, feature: "newsletter", agentId: "newsletter_ai" },
    });
    return { text, costUsd: usage.costUsd };
  } catch (error) {
    if (error instanceof RateLimitError) return { tryAgainInSeconds: error.retryAfter };
    if (error instanceof QuotaExceededError) return { spentUsd: error.spentUsd, until: error.resetsAt };
    throw error;
  }
}
