import type { Database } from "../database.ts";
import { loadStatement } from "../statement.ts";

const beforeStatement = loadStatement(new URL("./conversation-before.sql", import.meta.url));
const rememberStatement = loadStatement(new URL("./remember-fan.sql", import.meta.url));

/** Of one conversation so many jobs are read at most, the latest. */
const jobsMax = 100;

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
}

/**
 * What was said before the job and after what the summary tells of, the latest first.
 * @param ids only these jobs, of whatever time
 */
export function conversationBefore(
  database: Database,
  reader: ConversationReader,
  ids?: readonly string[],
): Promise<Exchange[]> {
  return database.execute(beforeStatement, [{ ...reader, jobsMax, ids }]);
}

/** The summary of what was said long ago. */
export async function fanSummary(
  database: Database,
  { creatorId, fanId }: ConversationReader,
): Promise<string | undefined> {
  const memory = await database.prisma.fanMemory.findUnique({
    where: { creatorId_fanId: { creatorId, fanId } },
  });
  return memory?.summary;
}

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
