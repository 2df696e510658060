-- Remembers the summary of a conversation, unless the attempt is no longer the job's own, or a later summary is there.
-- $1: [{jobId, attempt, fanId, summary, through}], one item. Rows: {fanId} where it was written.
WITH request AS (
  SELECT * FROM jsonb_to_recordset($1::jsonb) AS r("jobId" text, "attempt" int, "fanId" text, "summary" text, "through" timestamptz)
), owned AS (
  -- Locked, so that a fan that is erased meanwhile stays erased.
  SELECT request.*, job."creatorId" FROM request CROSS JOIN LATERAL (
    SELECT "creatorId", "attempt", "status" FROM "LiveJob" WHERE "id" = request."jobId" LIMIT 1 FOR NO KEY UPDATE
  ) AS job
  WHERE job."attempt" = request."attempt" AND job."status" = 'running'
)
INSERT INTO "FanMemory" AS memory ("creatorId", "fanId", "summary", "through")
SELECT "creatorId", "fanId", "summary", "through" FROM owned
ON CONFLICT ("creatorId", "fanId") DO UPDATE SET
  "summary" = excluded."summary", "through" = excluded."through", "updatedAt" = now()
WHERE memory."through" < excluded."through"
RETURNING "fanId"
