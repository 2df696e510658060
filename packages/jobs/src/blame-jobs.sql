-- Fails suspects that ran alone in a process of which its parent has seen that it died, or came back to nothing.
-- $1: [{workerId}], the name of that process' lease. Rows: {id}.
WITH guilty AS (
  SELECT "LiveJob"."id" FROM "LiveJob" JOIN jsonb_to_recordset($1::jsonb) AS request("workerId" text) USING ("workerId")
  WHERE "LiveJob"."status" = 'running' AND "LiveJob"."crashes" >= 2
  ORDER BY "LiveJob"."id"
  FOR NO KEY UPDATE OF "LiveJob"
), ending_job AS (
  SELECT "id", understudy_new_id('evt') AS "eventId", false AS "givesBack", '{"status": "failed", "errorCode": "worker_crashed", "errorRetryable": true,
    "errorMessage": "Its process died twice while it ran beside others, and then while it ran alone."}'::jsonb AS "end"
  FROM guilty
),
-- include ../../database/src/end-jobs.sql
SELECT "id" FROM ended_job
