-- Fails queued jobs of agents that no worker knows, once they have waited for so long; and leaves word of it in the outbox.
-- $1: [{id, generation, ageSeconds, eventId}]. Rows: {id}.
WITH request AS (
  SELECT * FROM jsonb_to_recordset($1::jsonb) AS r("id" text, "generation" int, "ageSeconds" float8, "eventId" text)
  -- Locked in one order everywhere, so that two batches can't wait for each other.
  ORDER BY "id"
), due AS (
  SELECT request.* FROM request CROSS JOIN LATERAL (
    SELECT "generation", "status", "createdAt", "notBefore" FROM "Job" WHERE "id" = request."id" LIMIT 1 FOR NO KEY UPDATE
  ) AS job
  WHERE job."generation" = request."generation" AND job."status" = 'queued'
    AND greatest(job."createdAt", job."notBefore") < now() - make_interval(secs => request."ageSeconds")
), failed AS (
  UPDATE "Job" SET "status" = 'failed', "finishedAt" = now(), "errorCode" = 'agent_not_found',
    "errorMessage" = 'There is no agent ' || "Job"."agent" || ' any more.', "errorRetryable" = false
  FROM due
  WHERE "Job"."id" = due."id"
  RETURNING "Job"."id", "Job"."creatorId", due."eventId"
), told AS (
  INSERT INTO "Outbox" ("id", "type", "creatorId", "jobId") SELECT "eventId", 'job.failed', "creatorId", "id" FROM failed
)
SELECT "id" FROM failed
