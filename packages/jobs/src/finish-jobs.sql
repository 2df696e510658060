-- Ends jobs, and leaves word of it in the outbox.
-- $1: [{id, attempt, status, result?, errorCode?, errorMessage?, errorRetryable?, errorResetsAt?, errorStep?, eventId}], each id once.
-- Rows: {id, holdsRoom} of those ended now; holdsRoom: for calls that it did not make after all. An attempt that is no longer the job's own has none: it was fenced off.
WITH request AS (
  SELECT * FROM jsonb_to_recordset($1::jsonb) AS r("id" text, "attempt" int, "status" "JobStatus", "result" jsonb,
    "errorCode" text, "errorMessage" text, "errorRetryable" boolean, "errorResetsAt" timestamptz, "errorStep" text, "eventId" text)
  -- Locked in one order everywhere, so that two batches can't wait for each other.
  ORDER BY "id"
), due AS (
  SELECT request.* FROM request CROSS JOIN LATERAL (
    SELECT "status", "attempt" FROM "Job" WHERE "id" = request."id" LIMIT 1 FOR NO KEY UPDATE
  ) AS job
  WHERE job."status" = 'running' AND job."attempt" = request."attempt"
), finished AS (
  UPDATE "Job" SET
    "status" = due."status",
    "result" = due."result",
    "errorCode" = due."errorCode",
    "errorMessage" = due."errorMessage",
    "errorRetryable" = due."errorRetryable",
    "errorResetsAt" = due."errorResetsAt",
    "errorStep" = due."errorStep",
    "finishedAt" = now()
  FROM due
  WHERE "Job"."id" = due."id"
  RETURNING "Job"."id", "Job"."creatorId", "Job"."status", "Job"."heldUsd" > 0 AS "holdsRoom", due."eventId"
), told AS (
  INSERT INTO "Outbox" ("id", "type", "creatorId", "jobId")
  SELECT "eventId", 'job.' || "status", "creatorId", "id" FROM finished
)
SELECT "id", "holdsRoom" FROM finished
