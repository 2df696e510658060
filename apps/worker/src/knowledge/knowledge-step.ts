import type { Part, Step } from "@understudy/agents";
import type { Database } from "@understudy/database";
import type { ClaimedJob } from "@understudy/jobs";
import type { Ledger, SharedInsight } from "@understudy/ledger";
import type { Logger } from "@understudy/service";
import type { z } from "zod";
import type { KnowledgeStore } from "./knowledge-store.ts";

/** What the tools need of an attempt. */
export interface KnowledgeAttempt {
  database: Database;
  knowledge: KnowledgeStore;
  ledger: Pick<Ledger, "keepStep">;
  job: ClaimedJob;
  /** No later than Postgres has read what came with the job, as `performance.now()` tells it. */
  claimedAt: number;
  signal: AbortSignal;
  logger: Logger;
}

/** A step of these tools: what an attempt finds once, a later one gets again. */
export type KnowledgeStep = <Result extends object>(
  key: string,
  schema: z.ZodType<Result>,
  find: () => Promise<{ result: Result; insight?: SharedInsight }>,
) => Promise<Result>;

/** Asks the model for a text, in a step that its agent does not declare. */
export type AskForText = (name: string, step: Step, parts: readonly Part[]) => Promise<string>;
