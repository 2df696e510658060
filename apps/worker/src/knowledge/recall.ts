import { type Conversation, withinBytes } from "@understudy/agents";
import {
  type ConversationReader,
  conversationAtClaim,
  type Exchange,
  type FirstReadsRow,
  rememberFan,
} from "@understudy/knowledge";
import { z } from "zod";
import { endsAttempt, wordOfThrown } from "../attempt-end.ts";
import type { AskForText, KnowledgeAttempt, KnowledgeStep } from "./knowledge-step.ts";
import { summaryBytesMax, summaryOf } from "./summary.ts";

/** Most of the latest turns, in bytes of UTF-8: about 1,500 tokens of English. */
const turnsBytesMax = 6_000;
/** One long message must not push out all others. */
const turnCharactersMax = 1_000;
/** What has left the turns is summed up when it is so much, so that few jobs wait for a summary. */
const summedUpBytesMin = 3_000;

// The turns are read again: what was said stands in its own job, and goes with it.
const recalledStep = z.object({ summary: z.string().optional(), jobIds: z.array(z.string()) });

/**
 * What was said with the job's fan before it: the latest turns as far as they fit, and a summary of what was
 * before them. A summary is made where much has left the turns; should that fail, the turns must do.
 */
export async function recallConversation(
  attempt: KnowledgeAttempt,
  fanId: string,
  key: string,
  step: KnowledgeStep,
  ask?: AskForText,
): Promise<Conversation> {
  const { knowledge, job } = attempt;
  const reader = { jobId: job.id, creatorId: job.creatorId, fanId };
  let recent: Exchange[] | undefined;

  const { summary, jobIds } = await step(key, recalledStep, async () => {
    // Read with the claim, it is good however late: erasing the fan fences the job off, and no call is opened any more.
    const before = conversationAtClaim(job as FirstReadsRow) ?? (await knowledge.conversationBefore(reader));
    const { summary: known, exchanges: latest } = before;
    const kept = latest.slice(0, countWithin(latest, turnsBytesMax));
    const left = latest.slice(kept.length);
    const summary = (await sumUp(attempt, reader, known, left, ask)) ?? known;
    recent = kept;
    return { result: { jobIds: kept.map(({ id }) => id), ...(summary !== undefined && { summary }) } };
  });

  recent ??=
    jobIds.length > 0 ? (await knowledge.conversationBefore({ ...reader, ids: jobIds })).exchanges : [];
  return { ...(summary !== undefined && { summary }), turns: recent.toReversed().flatMap(turnsOf) };
}

/** A new summary that tells of `left` as well; undefined where there is too little, or none could be made. */
async function sumUp(
  { database, job, signal, logger }: KnowledgeAttempt,
  reader: ConversationReader,
  known: string | undefined,
  left: Exchange[],
  ask: AskForText | undefined,
): Promise<string | undefined> {
  const [newest] = left;
  if (!ask || !newest || bytesOf(left) < summedUpBytesMin) return undefined;
  try {
    const turns = left.toReversed().flatMap(turnsOf);
    const { step, parts } = summaryOf(known, turns);
    const answer = (await ask("summary", step, parts)).trim();
    const summary = withinBytes(answer, summaryBytesMax);
    if (summary === "") return undefined;
    const { id: jobId, attempt } = job;
    await rememberFan(database, { jobId, attempt, fanId: reader.fanId, summary, through: newest.createdAt });
    return summary;
  } catch (error) {
    if (endsAttempt(error, signal)) throw error;
    const reason = wordOfThrown(error);
    logger.warn({ jobId: job.id, reason }, "no summary of the conversation; its latest turns must do");
    return undefined;
  }
}

function turnsOf({ message, reply }: Exchange): Conversation["turns"] {
  return [
    { from: "fan", text: cut(message) },
    ...(reply !== null ? [{ from: "creator" as const, text: cut(reply) }] : []),
  ];
}

/** Never half a character. */
function cut(text: string): string {
  return text.length <= turnCharactersMax
    ? text
    : `${text
        .slice(0, turnCharactersMax)
        .toWellFormed()
        .replace(/\ufffd$/, "")}…`;
}

function bytesOf(exchanges: readonly Exchange[]): number {
  return exchanges.flatMap(turnsOf).reduce((total, { text }) => total + Buffer.byteLength(text), 0);
}

/** How many of the first fit together. */
function countWithin(exchanges: readonly Exchange[], bytesMax: number): number {
  let left = bytesMax;
  const over = exchanges.findIndex((exchange) => {
    left -= bytesOf([exchange]);
    return left < 0;
  });
  return over === -1 ? exchanges.length : over;
}
