import { type Database, loadStatement } from "@understudy/database";

const beforeStatement = loadStatement(new URL("./conversation-before.sql", import.meta.url));
const rememberStatement = loadStatement(new URL("./remember-fan.sql", import.meta.url));

/** Of one conversation so many jobs are read at most, the latest. */
export const jobsMax = 100;

/** What a fan wrote in one job, and what the creator sent. */
export interface Exchange {
  /** The job's id. */
  id: string;
  createdAt: Date;
  message: string;
  /** As far as is known; null where nothing was sent. */
  reply: string | null;
}

/** The job for which a conversation is read; it belongs to the fan's creator. */
export interface ConversationReader {
  jobId: string;
  creatorId: string;
  fanId: string;
  /** Only these jobs, of whatever time. */
  ids?: readonly string[];
}

/** What was said, the latest first, and the summary of what was said long before. */
export interface ConversationBefore {
  summary?: string;
  exchanges: Exchange[];
}

/** For each reader what was said before its job and after what the summary tells of. */
export async function conversationsBefore(
  database: Database,
  readers: readonly ConversationReader[],
): Promise<ConversationBefore[]> {
  const conversations = readers.map((): ConversationBefore => ({ exchanges: [] }));
  const items = readers.map((reader, number) => ({ ...reader, number, jobsMax }));
  for (const { number, summary, ...exchange } of await database.execute<ConversationRow>(
    beforeStatement,
    items,
  )) {
    const conversation = conversations[number];
    if (!conversation) continue;
    if (summary !== null) conversation.summary = summary;
    if (exchange.id !== null) conversation.exchanges.push(exchange as Exchange);
  }
  return conversations;
}

/** A row of conversation-before.sql. */
type ConversationRow = { number: number; summary: string | null } & (Exchange | { id: null });

/**
 * Remembers the summary of all that was said until `through`, unless a later one is there.
 * @param summary of an attempt: nothing is written where it was fenced off
 */
export async function rememberFan(
  database: Database,
  summary: { jobId: string; attempt: number; fanId: string; summary: string; through: Date },
): Promise<void> {
  await database.execute(rememberStatement, [summary]);
}
