-- Fails queued jobs of agents that no worker knows, once they have waited for so long; and leaves word of it in the outbox.
-- $1: [{id, generation, ageSeconds, eventId}]. Rows: {id}.
WITH request AS (
  SELECT * FROM jsonb_to_recordset($1::jsonb) AS r("id" text, "generation" int, "ageSeconds" float8, "eventId" text)
  -- Locked in one order everywhere, so that two batches can't wait for each other.
  ORDER BY "id"
), due AS (
  SELECT request.*, job."agent" FROM request CROSS JOIN LATERAL (
    SELECT "generation", "status", "agent", "createdAt", "notBefore" FROM "LiveJob" WHERE "id" = request."id" LIMIT 1 FOR NO KEY UPDATE
  ) AS job
  WHERE job."generation" = request."generation" AND job."status" = 'queued'
    AND greatest(job."createdAt", job."notBefore") < now() - make_interval(secs => request."ageSeconds")
), ending_job AS (
  SELECT "id", "eventId", false AS "givesBack", jsonb_build_object('status', 'failed', 'errorCode', 'agent_not_found', 'errorRetryable', false,
    'errorMessage', 'There is no agent ' || "agent" || ' any more.') AS "end"
  FROM due
),
-- include ../../database/src/end-jobs.sql
SELECT "id" FROM ended_job
