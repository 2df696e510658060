-- Erases what is known of a fan beside their jobs. $1: [{creatorId, fanId}], one item.
-- Rows: one: {insights: how many, memory: whether there was a summary}.
WITH request AS (
  SELECT * FROM jsonb_to_recordset($1::jsonb) AS r("creatorId" text, "fanId" text)
), insight AS (
  DELETE FROM "Insight"
  WHERE "creatorId" = (SELECT "creatorId" FROM request) AND "fanId" = (SELECT "fanId" FROM request)
  RETURNING 1
), memory AS (
  DELETE FROM "FanMemory"
  WHERE "creatorId" = (SELECT "creatorId" FROM request) AND "fanId" = (SELECT "fanId" FROM request)
  RETURNING 1
)
SELECT (SELECT count(*)::int FROM insight) AS "insights", EXISTS (SELECT FROM memory) AS "memory"
