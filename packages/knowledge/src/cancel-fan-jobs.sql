-- Ends what has not ended of a fan's jobs, before they are erased: a running attempt is fenced off, so nothing is written
-- of it later but what its call has cost.
-- $1: [{creatorId, fanId, limit}], one item. Rows: {id, generation, agent, creatorId, priority}.
WITH request AS (
  SELECT * FROM jsonb_to_recordset($1::jsonb) AS r("creatorId" text, "fanId" text, "limit" int)
), open AS (
  SELECT "Job"."id" FROM "Job"
  WHERE "creatorId" = (SELECT "creatorId" FROM request) AND "fanId" = (SELECT "fanId" FROM request)
    AND "status" IN ('queued', 'running')
  -- In one order everywhere, here and below, so that two batches can't wait for each other.
  ORDER BY "Job"."id"
  LIMIT (SELECT "limit" FROM request)
  FOR NO KEY UPDATE
), cancelled AS (
  UPDATE "Job" SET "status" = 'cancelled', "waitingFor" = NULL, "neededUsd" = NULL, "finishedAt" = now(),
    "attempt" = "attempt" + ("status" = 'running')::int
  WHERE "id" = ANY (ARRAY(SELECT "id" FROM open))
  RETURNING "id", "generation", "agent", "creatorId", "priority"
), told AS (
  INSERT INTO "Outbox" ("id", "type", "creatorId", "jobId")
  SELECT understudy_new_id('evt'), 'job.cancelled', "creatorId", "id" FROM cancelled
)
SELECT * FROM cancelled
