-- Ends jobs, and leaves word of it in the outbox.
-- $1: [{id, attempt, status, result?, errorCode?, errorMessage?, errorRetryable?, eventId}], each id once.
-- Rows: {id} of those ended now. An attempt that is no longer the job's own has none: it was fenced off.
WITH request AS (
  SELECT * FROM jsonb_to_recordset($1::jsonb) AS r("id" text, "attempt" int, "status" "JobStatus", "result" jsonb,
    "errorCode" text, "errorMessage" text, "errorRetryable" boolean, "eventId" text)
), finished AS (
  UPDATE "Job" SET
    "status" = request."status",
    "result" = request."result",
    "errorCode" = request."errorCode",
    "errorMessage" = request."errorMessage",
    "errorRetryable" = request."errorRetryable",
    "finishedAt" = now()
  FROM request
  WHERE "Job"."id" = request."id" AND "Job"."attempt" = request."attempt" AND "Job"."status" = 'running'
  RETURNING "Job"."id", "Job"."creatorId", "Job"."status", request."eventId"
)
INSERT INTO "Outbox" ("id", "type", "creatorId", "jobId")
SELECT "eventId", 'job.' || "status", "creatorId", "id" FROM finished
RETURNING "jobId" AS "id"
