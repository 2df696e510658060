import type { CreatorProfile, JobFeedback } from "@understudy/contracts";
import { type Database, loadStatement, newId } from "@understudy/database";
import { z } from "zod";
import { styleExample } from "./style-example.ts";

const recordStatement = loadStatement(new URL("./record-feedback.sql", import.meta.url));

/** How sure one can be that a reply is how the creator sounds: a word of their own more than a draft let pass. */
const confidences = { converted: 0.95, edited: 0.9, sent: 0.7 };

/** What a result says of the reply and of what it was made with; an agent's own fields are its own. */
const judgedResult = z.object({
  response: z.string().nullable().catch(null),
  message: z.string().nullable().catch(null),
  insightsUsed: z.array(z.string()).catch([]),
});

/** What became of the app's word. */
export type FeedbackRecord =
  | { kind: "recorded" }
  | { kind: "no_such_job" }
  | { kind: "not_completed"; status: string }
  | { kind: "erased" };

/**
 * Writes down what the app did with a job's result. The insights that were used are judged by it, and what was
 * really sent becomes an example of the creator's style. A later word replaces all of that.
 */
export async function recordFeedback(
  database: Database,
  jobId: string,
  feedback: JobFeedback,
): Promise<FeedbackRecord> {
  const row = await database.prisma.job.findUnique({ where: { id: jobId }, include: { creator: true } });
  if (!row) return { kind: "no_such_job" };
  if (row.erasedAt) return { kind: "erased" };
  if (row.status !== "completed") return { kind: "not_completed", status: row.status };

  const { outcome, text, amountUsd } = feedback;
  const { response, message, insightsUsed } = judgedResult.parse(row.result);
  const said = text ?? response ?? message;
  const profile = row.creator.profile as CreatorProfile | null;
  // Of jobs that answer nobody, such as a caption, nothing is learned about replies.
  const reply = said !== null && row.fanId !== null ? styleExample(said, { ...row, profile }) : undefined;
  const example = outcome !== "rejected" &&
    reply !== undefined && {
      id: newId("ins"),
      confidence: confidences[outcome],
      text: reply,
      data: { reply },
    };

  const written = await database.execute(recordStatement, [
    { jobId, outcome, text, amountUsd, insightIds: insightsUsed, ...(example && { example }) },
  ]);
  // A completed job stays so: only its fan can have been erased since it was read.
  return { kind: written.length > 0 ? "recorded" : "erased" };
}
