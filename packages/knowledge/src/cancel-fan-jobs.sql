-- Ends what has not ended of a fan's jobs, before they are erased: a running attempt is fenced off, so nothing is written
-- of it later but what its call has cost.
-- $1: [{creatorId, fanId, limit}], one item. Rows: {id, generation, agent, creatorId, priority}.
WITH request AS (
  SELECT * FROM jsonb_to_recordset($1::jsonb) AS r("creatorId" text, "fanId" text, "limit" int)
), open AS (
  SELECT live."id" FROM "JobRecord" AS job JOIN "LiveJob" AS live USING ("id")
  WHERE job."creatorId" = (SELECT "creatorId" FROM request) AND job."fanId" = (SELECT "fanId" FROM request)
  -- In one order everywhere, here and below, so that two batches can't wait for each other.
  ORDER BY live."id"
  LIMIT (SELECT "limit" FROM request)
  FOR NO KEY UPDATE OF live
), ending_job AS (
  SELECT "id", understudy_new_id('evt') AS "eventId", false AS "givesBack", '{"status": "cancelled"}'::jsonb AS "end" FROM open
),
-- include ../../database/src/end-jobs.sql
SELECT "id", "generation", "agent", "creatorId", "priority" FROM ended_job
