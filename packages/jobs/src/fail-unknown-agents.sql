-- Fails queued jobs of agents that no worker knows, once they have waited for so long; and leaves word of it in the outbox.
-- $1: [{id, generation, ageSeconds, eventId}]. Rows: {id}.
WITH request AS (
  SELECT * FROM jsonb_to_recordset($1::jsonb) AS r("id" text, "generation" int, "ageSeconds" float8, "eventId" text)
), failed AS (
  UPDATE "Job" SET "status" = 'failed', "finishedAt" = now(), "errorCode" = 'agent_not_found',
    "errorMessage" = 'There is no agent ' || "Job"."agent" || ' any more.', "errorRetryable" = false
  FROM request
  WHERE "Job"."id" = request."id" AND "Job"."generation" = request."generation" AND "Job"."status" = 'queued'
    AND greatest("Job"."createdAt", "Job"."notBefore") < now() - make_interval(secs => request."ageSeconds")
  RETURNING "Job"."id", "Job"."creatorId", request."eventId"
), told AS (
  INSERT INTO "Outbox" ("id", "type", "creatorId", "jobId") SELECT "eventId", 'job.failed', "creatorId", "id" FROM failed
)
SELECT "id" FROM failed
