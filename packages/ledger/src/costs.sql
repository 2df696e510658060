-- What calls cost, grouped. $1: [{groupBy, from, to, creatorId?, agent?, model?, feature?}]
-- Rows: {key, calls, inputTokens, cachedTokens, outputTokens, thoughtTokens, costUsd, unknownUsd}, sums as text.
WITH filter AS (
  SELECT * FROM jsonb_to_recordset($1::jsonb) AS r("groupBy" text, "from" timestamptz, "to" timestamptz,
    "creatorId" text, "agent" text, "model" text, "feature" text)
)
SELECT
  CASE filter."groupBy"
    WHEN 'day' THEN to_char(call."startedAt" AT TIME ZONE 'UTC', 'YYYY-MM-DD')
    WHEN 'creator' THEN call."creatorId"
    WHEN 'agent' THEN call."agentId"
    WHEN 'model' THEN call."model"
    WHEN 'feature' THEN call."feature"
  END AS "key",
  count(*)::int AS "calls",
  sum(call."inputTokens") AS "inputTokens",
  sum(call."cachedTokens") AS "cachedTokens",
  sum(call."outputTokens") AS "outputTokens",
  sum(call."thoughtTokens") AS "thoughtTokens",
  coalesce(sum(call."costUsd"), 0) AS "costUsd",
  coalesce(sum(call."holdUsd") FILTER (WHERE call."status" = 'unknown'), 0) AS "unknownUsd"
FROM "UsageLog" AS call, filter
WHERE call."startedAt" >= filter."from" AND call."startedAt" < filter."to"
  AND (filter."creatorId" IS NULL OR call."creatorId" = filter."creatorId")
  AND (filter."agent" IS NULL OR call."agentId" = filter."agent")
  AND (filter."model" IS NULL OR call."model" = filter."model")
  AND (filter."feature" IS NULL OR call."feature" = filter."feature")
GROUP BY 1
ORDER BY 1
