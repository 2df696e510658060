import type { Agent, AgentTools, FoundInsight } from "@understudy/agents";
import { newId } from "@understudy/database";
import { confidenceAt, insightsAgain, type StoredInsight } from "@understudy/knowledge";
import { z } from "zod";
import { foundAtClaim } from "./at-claim.ts";
import type { AskForText, KnowledgeAttempt, KnowledgeStep } from "./knowledge-step.ts";
import { parseNewInsight } from "./new-insight.ts";
import { recallConversation } from "./recall.ts";

/** What of an agent's tools asks and adds to the knowledge that agents share. */
export type KnowledgeTools = Pick<AgentTools, "recall" | "findInsights" | "shareInsight">;

// Ids alone: what is erased must not live on in other jobs' steps.
const foundStep = z.object({ insightIds: z.array(z.string()) });
const sharedStep = z.object({ insightId: z.string() });

const foundMax = 50;

/**
 * A job learns and tells of its own creator and its own fan alone. Each use is a step, remembered and fenced as
 * an answer is: whatever dies, nothing is shared twice, and a job that runs again finds what it found. Nobody waits for that: it is
 * written with what the attempt writes next.
 *
 * @param takeKey the whole key of a step within the job
 * @param ask in the agent's name, for the summary of a long conversation; without it there is none
 */
export function knowledgeTools(
  attempt: KnowledgeAttempt,
  agent: Agent,
  takeKey: (step: string) => string,
  ask?: AskForText,
): KnowledgeTools {
  const { database, knowledge, ledger, job, claimedAt } = attempt;
  const { id: jobId, creatorId, attempt: number } = job;
  const { agentId } = agent;

  const step: KnowledgeStep = async (key, schema, find) => {
    const remembered = job.steps.find((finished) => finished.key === key);
    if (remembered) return schema.parse(remembered.result);
    const { result, insight } = await find();
    ledger.keepStep({ jobId, attempt: number, key, agentId, result, ...(insight && { insight }) });
    return schema.parse(result);
  };

  /** Another fan's data never enters a job. */
  function ownFan(fanId: string): string {
    if (fanId !== job.fanId)
      throw new Error(`Agent ${agent.name} asks or tells of a fan that is not its job's.`);
    return fanId;
  }

  return {
    async findInsights({ step: name, about, types, fanId, limit }) {
      const key = takeKey(name);
      const reader = { creatorId, ...(fanId !== undefined && { fanId: ownFan(fanId) }) };
      let found: StoredInsight[] | undefined;
      const { insightIds } = await step(key, foundStep, async () => {
        const query = { ...reader, about, types, limit: Math.min(limit, foundMax) };
        found = foundAtClaim(job, claimedAt, query) ?? (await knowledge.findInsights(query));
        return { result: { insightIds: found.map(({ id }) => id) } };
      });
      const insights = found ?? (await insightsAgain(database, reader, insightIds));
      return insights.map((insight) => present(insight, database.clock.now()));
    },

    async shareInsight({ step: name, ...insight }) {
      const key = takeKey(name);
      const { insightId } = await step(key, sharedStep, async () => {
        const parsed = parseNewInsight(insight, job);
        if (parsed.fanId !== undefined) ownFan(parsed.fanId);
        const id = newId("ins");
        return { result: { insightId: id }, insight: { id, ...parsed } };
      });
      return insightId;
    },

    async recall(fanId) {
      return recallConversation(attempt, ownFan(fanId), takeKey("recall"), step, ask);
    },
  };
}

function present(insight: StoredInsight, now: Date): FoundInsight {
  const { id, source, type, text, data } = insight;
  return { id, source, type, confidence: confidenceAt(insight, now), text, data };
}
