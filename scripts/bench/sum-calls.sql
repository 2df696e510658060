-- The bare peer of costs.sql: the same sums straight from UsageLog, with as good a plan.
-- $1: [{groupBy, from, to, creatorId?}], times in seconds since 1970. Rows, one for each group: {day, name, calls, inputTokens, cachedTokens,
-- outputTokens, thoughtTokens, costUsd, unknownUsd}.
SELECT CASE $1::jsonb -> 0 ->> 'groupBy' WHEN 'day' THEN ("startedAt" AT TIME ZONE 'UTC')::date END AS "day",
  CASE $1::jsonb -> 0 ->> 'groupBy' WHEN 'creator' THEN "creatorId" WHEN 'agent' THEN "agentId"
    WHEN 'model' THEN "model" WHEN 'feature' THEN "feature" END AS "name",
  count(*) AS "calls", sum("inputTokens") AS "inputTokens", sum("cachedTokens") AS "cachedTokens",
  sum("outputTokens") AS "outputTokens", sum("thoughtTokens") AS "thoughtTokens", sum("costUsd") AS "costUsd",
  coalesce(sum("holdUsd") FILTER (WHERE "status" = 'unknown'), 0) AS "unknownUsd"
FROM "UsageLog"
WHERE "startedAt" >= to_timestamp(($1::jsonb -> 0 ->> 'from')::float8)
  AND "startedAt" < to_timestamp(($1::jsonb -> 0 ->> 'to')::float8)
  AND "status" <> 'started'
  AND ($1::jsonb -> 0 ->> 'creatorId' IS NULL OR "creatorId" = $1::jsonb -> 0 ->> 'creatorId')
GROUP BY 1, 2
