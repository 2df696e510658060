import { type Database, groupCommit, jobLinger } from "@understudy/database";
import {
  type ConversationBefore,
  type ConversationReader,
  conversationsBefore,
  findInsights,
  type InsightSearch,
  type StoredInsight,
} from "@understudy/knowledge";

/** What all jobs under way ask of the knowledge: what comes at once shares a statement. */
export interface KnowledgeStore {
  conversationBefore(reader: ConversationReader): Promise<ConversationBefore>;
  findInsights(search: InsightSearch): Promise<StoredInsight[]>;
}

const groupMax = 200;

/** Searches of one statement, and insights that are known to each: some milliseconds a search at most. */
const searchesMax = 50;
const knownMax = 100;

export function openKnowledgeStore(database: Database): KnowledgeStore {
  let asked = 0;
  // Questions may be alike: each is one of its own.
  const anyKey = () => String(asked++);
  const searchTogether = groupCommit(
    searchesMax,
    anyKey,
    (searches: InsightSearch[]) => findInsights(database, searches, knownMax),
    jobLinger,
  );
  return {
    conversationBefore: groupCommit(
      groupMax,
      anyKey,
      (readers: ConversationReader[]) => conversationsBefore(database, readers),
      jobLinger,
    ),
    async findInsights(search) {
      const found = await searchTogether(search);
      if (found) return found;
      // Where much is known it takes Postgres far longer than its overhead: others do not wait for it.
      const [alone = []] = await findInsights(database, [search]);
      return alone;
    },
  };
}
