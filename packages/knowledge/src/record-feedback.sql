-- Writes down what the app did with a job's result, and what follows from it, at once; a later word replaces the earlier.
-- $1: [{jobId, outcome, text?, amountUsd?, insightIds, example?: {id, confidence, text, data}}], one item.
-- insightIds: used for the result; they are judged by it. example: how the creator really answered; without one, what an
-- earlier word has taught is forgotten.
-- Rows: {jobId} where the job is completed and its fan not erased; else none, and nothing is written.
WITH request AS (
  SELECT * FROM jsonb_to_recordset($1::jsonb) AS r("jobId" text, "outcome" "FeedbackOutcome", "text" text, "amountUsd" numeric,
    "insightIds" jsonb, "example" jsonb)
), job AS (
  -- Locked, so that a fan that is erased meanwhile stays erased.
  SELECT "JobRecord"."id", "JobRecord"."creatorId" FROM "JobRecord"
  WHERE "JobRecord"."id" = ANY (ARRAY(SELECT "jobId" FROM request)) AND "JobRecord"."status" = 'completed' AND "JobRecord"."erasedAt" IS NULL
  FOR NO KEY UPDATE
), told AS (
  INSERT INTO "Feedback" ("jobId", "outcome", "text", "amountUsd")
  SELECT job."id", "outcome", "text", "amountUsd" FROM request, job
  ON CONFLICT ("jobId") DO UPDATE SET
    "outcome" = excluded."outcome", "text" = excluded."text", "amountUsd" = excluded."amountUsd", "createdAt" = now()
  RETURNING "jobId"
), used AS (
  -- Locked against being deleted before this is written.
  SELECT insight."id" FROM "Insight" AS insight, job
  WHERE insight."id" = ANY (ARRAY(SELECT jsonb_array_elements_text("insightIds") FROM request))
    AND (insight."creatorId" IS NULL OR insight."creatorId" = job."creatorId")
  ORDER BY insight."id"
  FOR KEY SHARE OF insight
), judged AS (
  INSERT INTO "InsightOutcome" ("insightId", "jobId", "outcome")
  SELECT used."id", job."id", "outcome" FROM request, job, used
  ON CONFLICT ("insightId", "jobId") DO UPDATE SET "outcome" = excluded."outcome"
), learned AS (
  INSERT INTO "Insight" ("id", "creatorId", "jobId", "stepKey", "source", "type", "confidence", "text", "data")
  SELECT example."id", job."creatorId", job."id", 'feedback', 'feedback', 'style_example', example."confidence",
    example."text", example."data"
  FROM request CROSS JOIN job
  CROSS JOIN jsonb_to_record(request."example") AS example("id" text, "confidence" float8, "text" text, "data" jsonb)
  WHERE request."example" IS NOT NULL
  ON CONFLICT ("jobId", "stepKey") DO UPDATE SET
    "confidence" = excluded."confidence", "text" = excluded."text", "data" = excluded."data"
), forgotten AS (
  DELETE FROM "Insight" USING request, job
  WHERE "Insight"."jobId" = job."id" AND "Insight"."stepKey" = 'feedback' AND request."example" IS NULL
)
SELECT "jobId" FROM told
