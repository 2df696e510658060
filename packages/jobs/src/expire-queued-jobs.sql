-- Ends jobs that were not started by their `expiresAt`, and leaves word of it in the outbox.
-- $1: [{eventId}], one id for each of at most that many jobs.
-- Rows: {id, generation, agent, creatorId, priority}.
WITH event AS (
  SELECT "eventId", row_number() OVER () AS "number" FROM jsonb_to_recordset($1::jsonb) AS r("eventId" text)
), due AS (
  SELECT "id", row_number() OVER () AS "number" FROM (
    SELECT "id" FROM "Job"
    WHERE "status" = 'queued' AND "expiresAt" <= now() AND "startedAt" IS NULL
    ORDER BY "expiresAt"
    LIMIT (SELECT count(*) FROM event)
    FOR UPDATE SKIP LOCKED
  ) AS locked
), expired AS (
  UPDATE "Job" SET "status" = 'failed', "waitingFor" = NULL, "neededUsd" = NULL, "finishedAt" = now(), "errorCode" = 'expired',
    "errorMessage" = 'The job had not started by its expiresAt.', "errorRetryable" = false
  FROM due WHERE "Job"."id" = due."id"
  RETURNING "Job"."id", "Job"."generation", "Job"."agent", "Job"."creatorId", "Job"."priority", due."number"
), told AS (
  INSERT INTO "Outbox" ("id", "type", "creatorId", "jobId")
  SELECT event."eventId", 'job.failed', expired."creatorId", expired."id" FROM expired JOIN event USING ("number")
)
SELECT "id", "generation", "agent", "creatorId", "priority" FROM expired
