import { type ConversationBefore, type Exchange, jobsMax } from "./conversations.ts";
import { type StoredInsight, weighing } from "./insights.ts";

/** What an agent always begins with, by fields of its job's input. */
interface FirstReads {
  /** The field in place of which the conversation with the fan is recalled. */
  recallsUnless: string;
  /** Of the job's creator and fan, of all types. */
  insights: {
    /** The field that they are to be about. */
    about: string;
    limit: number;
  };
}

/** First reads as first-reads.sql takes them. */
export function firstReadsItem({ recallsUnless, insights }: FirstReads) {
  return { recallsUnless, ...insights, jobsMax, ...weighing };
}

type Written<Row extends { createdAt: Date }> = Omit<Row, "createdAt"> & { createdAt: string };

/** What first-reads.sql gives of a job; null is what it has not read. */
export interface FirstReadsRow {
  conversation: { summary: string | null; exchanges: Written<Exchange>[] } | null;
  insights: Written<StoredInsight>[] | null;
}

/** The conversation that was read with the claim of a job, as `conversationsBefore` gives it. */
export function conversationAtClaim({ conversation }: FirstReadsRow): ConversationBefore | undefined {
  if (!conversation) return undefined;
  const { summary, exchanges } = conversation;
  return { exchanges: exchanges.map(read), ...(summary !== null && { summary }) };
}

/** The insights that were found with the claim of a job, as `findInsights` gives them. */
export function insightsAtClaim({ insights }: FirstReadsRow): StoredInsight[] | undefined {
  return insights?.map(read);
}

/** JSON has no dates. */
function read<Row extends { createdAt: string }>(row: Row): Omit<Row, "createdAt"> & { createdAt: Date } {
  return { ...row, createdAt: new Date(row.createdAt) };
}
