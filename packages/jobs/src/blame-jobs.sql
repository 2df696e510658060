-- Fails suspects that ran alone in a process of which its parent has seen that it died, or came back to nothing.
-- $1: [{workerId}], the name of that process' lease. Rows: {id}.
WITH guilty AS (
  SELECT "Job"."id" FROM "Job" JOIN jsonb_to_recordset($1::jsonb) AS request("workerId" text) USING ("workerId")
  WHERE "Job"."status" = 'running' AND "Job"."crashes" >= 2
  ORDER BY "Job"."id"
  FOR NO KEY UPDATE OF "Job"
), blamed AS (
  UPDATE "Job" SET "status" = 'failed', "crashes" = "crashes" + 1, "finishedAt" = now(), "errorCode" = 'worker_crashed',
    "errorMessage" = 'Its process died twice while it ran beside others, and then while it ran alone.', "errorRetryable" = true
  FROM guilty WHERE "Job"."id" = guilty."id"
  RETURNING "Job"."id", "Job"."creatorId"
), told AS (
  INSERT INTO "Outbox" ("id", "type", "creatorId", "jobId")
  SELECT understudy_new_id('evt'), 'job.failed', "creatorId", "id" FROM blamed
)
SELECT "id" FROM blamed
