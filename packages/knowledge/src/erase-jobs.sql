-- Erases what jobs that have ended tell of their fan: input, result, errors, metadata, callback, steps, feedback, what was learned in
-- them, under which keys they were asked for, what receivers of their events answered, and what the provider said of their calls. Jobs and calls stay, for what
-- they cost.
-- $1: [{id}], each once; all of one creator. Rows: one: {jobs, steps, insights, feedback, events} counts.
WITH job AS (
  SELECT "id" FROM "JobRecord"
  WHERE "id" = ANY (ARRAY(SELECT "id" FROM jsonb_to_recordset($1::jsonb) AS r("id" text)))
    AND "erasedAt" IS NULL AND "finishedAt" IS NOT NULL
  ORDER BY "id"
  FOR NO KEY UPDATE
), erased AS (
  UPDATE "JobRecord" SET "fanId" = NULL, "input" = '{}', "metadata" = NULL, "callbackUrl" = NULL, "erasedAt" = now(),
    -- A completed job has a result, and one with an error a message: they say nothing now.
    "result" = CASE WHEN "status" = 'completed' THEN 'null'::jsonb END,
    "errorMessage" = CASE WHEN "errorMessage" IS NOT NULL THEN '' END
  WHERE "id" = ANY (ARRAY(SELECT "id" FROM job))
  RETURNING "id"
), step AS (
  DELETE FROM "Step" WHERE "jobId" = ANY (ARRAY(SELECT "id" FROM job)) RETURNING 1
), outcome AS (
  DELETE FROM "InsightOutcome" WHERE "jobId" = ANY (ARRAY(SELECT "id" FROM job))
), insight AS (
  DELETE FROM "Insight" WHERE "jobId" = ANY (ARRAY(SELECT "id" FROM job)) RETURNING 1
), told AS (
  DELETE FROM "Feedback" WHERE "jobId" = ANY (ARRAY(SELECT "id" FROM job)) RETURNING 1
), repeat AS (
  DELETE FROM "IdempotencyRecord" WHERE "jobId" = ANY (ARRAY(SELECT "id" FROM job))
), event AS (
  SELECT "id", "publishedAt" FROM "Outbox" WHERE "jobId" = ANY (ARRAY(SELECT "id" FROM job))
), call AS (
  SELECT "id" FROM "UsageLog"
  WHERE "jobId" = ANY (ARRAY(SELECT "id" FROM job)) AND ("providerMessage" IS NOT NULL OR "providerWords" IS NOT NULL)
  -- In the order of the settling, so that neither waits for the other.
  ORDER BY "id"
  FOR NO KEY UPDATE
), said AS (
  UPDATE "UsageLog" SET "providerMessage" = NULL, "providerWords" = NULL
  WHERE "id" = ANY (ARRAY(SELECT "id" FROM call))
), earlier_end AS (
  UPDATE "Outbox" SET "jobEnd" = jsonb_set("jobEnd", '{message}', '""')
  WHERE "id" = ANY (ARRAY(SELECT "id" FROM event)) AND "jobEnd" IS NOT NULL
), address AS (
  -- A job's own, which may name the fan. What is still to be told goes to the endpoint's.
  UPDATE "Delivery" SET "url" = NULL
  WHERE "eventId" = ANY (ARRAY(SELECT "id" FROM event)) AND "url" IS NOT NULL
), answer AS (
  UPDATE "DeliveryTry" SET "body" = NULL
  FROM "Delivery" WHERE "Delivery"."id" = "DeliveryTry"."deliveryId"
    AND "Delivery"."eventId" = ANY (ARRAY(SELECT "id" FROM event)) AND "body" IS NOT NULL
)
SELECT (SELECT count(*)::int FROM erased) AS "jobs",
  (SELECT count(*)::int FROM step) AS "steps",
  (SELECT count(*)::int FROM insight) AS "insights",
  (SELECT count(*)::int FROM told) AS "feedback",
  (SELECT count(*)::int FROM event WHERE "publishedAt" IS NULL) AS "events"
