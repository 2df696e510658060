import { type Database, groupCommit } from "@understudy/database";
import {
  type ConversationBefore,
  type ConversationReader,
  conversationsBefore,
  type FinishedStep,
  rememberSteps,
} from "@understudy/knowledge";

/**
 * What all jobs under way ask of the knowledge and add to it: what comes at once shares a statement. A search for insights
 * has one of its own, since where much is known it takes Postgres far longer than its overhead.
 */
export interface KnowledgeStore {
  conversationBefore(reader: ConversationReader): Promise<ConversationBefore>;
  /** @returns the result that was remembered first; undefined where the attempt was fenced off */
  rememberStep(step: FinishedStep): Promise<unknown | undefined>;
}

const groupMax = 200;

export function openKnowledgeStore(database: Database): KnowledgeStore {
  let asked = 0;
  // Questions may be alike: each is one of its own.
  const anyKey = () => String(asked++);
  return {
    conversationBefore: groupCommit(groupMax, anyKey, (readers: ConversationReader[]) =>
      conversationsBefore(database, readers),
    ),
    rememberStep: groupCommit(
      groupMax,
      ({ jobId, key }: FinishedStep) => `${jobId} ${key}`,
      (steps) => rememberSteps(database, steps),
    ),
  };
}
