-- Ends jobs that were not started by their `expiresAt`, and leaves word of it in the outbox.
-- $1: [{eventId}], one id for each of at most that many jobs.
-- Rows: {id, generation, agent, creatorId, priority}.
WITH event AS (
  SELECT "eventId", row_number() OVER () AS "number" FROM jsonb_to_recordset($1::jsonb) AS r("eventId" text)
), due AS (
  SELECT "id", row_number() OVER () AS "number" FROM (
    SELECT "id" FROM "LiveJob"
    WHERE "status" = 'queued' AND "expiresAt" <= now() AND "startedAt" IS NULL
    ORDER BY "expiresAt"
    LIMIT (SELECT count(*) FROM event)
    FOR UPDATE SKIP LOCKED
  ) AS locked
), ending_job AS (
  SELECT "id", "eventId", false AS "givesBack", '{"status": "failed", "errorCode": "expired", "errorRetryable": false,
    "errorMessage": "The job had not started by its expiresAt."}'::jsonb AS "end"
  FROM due JOIN event USING ("number")
),
-- include ../../database/src/end-jobs.sql
SELECT "id", "generation", "agent", "creatorId", "priority" FROM ended_job
