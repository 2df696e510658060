-- What ended calls cost, grouped, by the UTC time of their start: whole days from DailyUsage, which triggers keep
-- equal to the rows of UsageLog, and parts of days from those rows themselves. One statement: one snapshot.
-- $1: [{groupBy, stackBy?, dayFrom, dayTo, firstFrom, firstTo, lastFrom, lastTo, creatorId?, creatorIds?, agent?, model?,
--       feature?, monthFrom?, recentFrom?, today?, withSavings?}]
--   Whole days [dayFrom, dayTo) as numbers of days since 1970-01-01; parts of days [firstFrom, firstTo) and
--   [lastFrom, lastTo) in seconds since then. What ends where it begins, or before, is empty.
--   withSavings: cacheSavedUsd and thoughtsUsd are summed, which takes longer; without it they say nothing.
--   stackBy, where groupBy is day: each day is split by that, too.
-- Rows, by key: {key, stack, calls, inputTokens, cachedTokens, outputTokens, thoughtTokens, costUsd, unknownUsd, cacheSavedUsd,
--   thoughtsUsd, monthUsd, recentUsd}, sums as text. stack: the key again where days are not split. For a forecast, which
--   would else read all of it again: monthUsd is the cost since the day monthFrom, recentUsd that of the whole days
--   [recentFrom, today); both 0 where these are not given.
--
-- Everything that is read out of $1 is immutable, so that a plan made for this $1 sees constants: it estimates
-- the period, drops filters that are not set, and groups by one column. Casts of text to a time would not be.
WITH whole AS (
  SELECT CASE $1::jsonb -> 0 ->> 'groupBy' WHEN 'day' THEN "day" END AS "day",
    CASE coalesce($1::jsonb -> 0 ->> 'stackBy', $1::jsonb -> 0 ->> 'groupBy') WHEN 'creator' THEN "creatorId" WHEN 'agent' THEN "agentId"
      WHEN 'model' THEN "model" WHEN 'feature' THEN "feature" END AS "name",
    sum("calls") AS "calls", sum("inputTokens") AS "inputTokens", sum("cachedTokens") AS "cachedTokens",
    sum("outputTokens") AS "outputTokens", sum("thoughtTokens") AS "thoughtTokens", sum("costUsd") AS "costUsd",
    sum("unknownUsd") AS "unknownUsd",
    sum("cacheSavedUsd") FILTER (WHERE $1::jsonb -> 0 -> 'withSavings' IS NOT NULL) AS "cacheSavedUsd",
    sum("thoughtsUsd") FILTER (WHERE $1::jsonb -> 0 -> 'withSavings' IS NOT NULL) AS "thoughtsUsd",
    sum("costUsd") FILTER (WHERE "day" >= '1970-01-01'::date + ($1::jsonb -> 0 ->> 'monthFrom')::int) AS "monthUsd",
    sum("costUsd") FILTER (WHERE "day" >= '1970-01-01'::date + ($1::jsonb -> 0 ->> 'recentFrom')::int
      AND "day" < '1970-01-01'::date + ($1::jsonb -> 0 ->> 'today')::int) AS "recentUsd"
  FROM "DailyUsage"
  WHERE "day" >= '1970-01-01'::date + ($1::jsonb -> 0 ->> 'dayFrom')::int
    AND "day" < '1970-01-01'::date + ($1::jsonb -> 0 ->> 'dayTo')::int
    AND ($1::jsonb -> 0 ->> 'creatorId' IS NULL OR "creatorId" = $1::jsonb -> 0 ->> 'creatorId')
    AND ($1::jsonb -> 0 -> 'creatorIds' IS NULL OR $1::jsonb -> 0 -> 'creatorIds' ? "creatorId")
    AND ($1::jsonb -> 0 ->> 'agent' IS NULL OR "agentId" = $1::jsonb -> 0 ->> 'agent')
    AND ($1::jsonb -> 0 ->> 'model' IS NULL OR "model" = $1::jsonb -> 0 ->> 'model')
    AND ($1::jsonb -> 0 ->> 'feature' IS NULL OR "feature" = $1::jsonb -> 0 ->> 'feature')
  GROUP BY 1, 2
), edge AS (
  SELECT CASE $1::jsonb -> 0 ->> 'groupBy' WHEN 'day' THEN ("startedAt" AT TIME ZONE 'UTC')::date END AS "day",
    CASE coalesce($1::jsonb -> 0 ->> 'stackBy', $1::jsonb -> 0 ->> 'groupBy') WHEN 'creator' THEN "creatorId" WHEN 'agent' THEN "agentId"
      WHEN 'model' THEN call."model" WHEN 'feature' THEN "feature" END AS "name",
    count(*) AS "calls", sum("inputTokens") AS "inputTokens", sum("cachedTokens") AS "cachedTokens",
    sum("outputTokens") AS "outputTokens", sum("thoughtTokens") AS "thoughtTokens",
    coalesce(sum("costUsd"), 0) AS "costUsd", coalesce(sum("holdUsd") FILTER (WHERE "status" = 'unknown'), 0) AS "unknownUsd",
    sum(understudy_cache_saved_usd(price, "inputTokens", "cachedTokens")) AS "cacheSavedUsd",
    sum(understudy_thoughts_usd(price, "inputTokens", "thoughtTokens")) AS "thoughtsUsd",
    sum("costUsd") FILTER (WHERE ("startedAt" AT TIME ZONE 'UTC')::date
      >= '1970-01-01'::date + ($1::jsonb -> 0 ->> 'monthFrom')::int) AS "monthUsd",
    -- A period with a forecast begins before recentFrom, at the latest with it, and ends after today's beginning.
    0 AS "recentUsd"
  FROM "UsageLog" AS call JOIN "Price" AS price ON price."id" = call."priceId"
  WHERE ("startedAt" >= to_timestamp(($1::jsonb -> 0 ->> 'firstFrom')::float8)
        AND "startedAt" < to_timestamp(($1::jsonb -> 0 ->> 'firstTo')::float8)
      OR "startedAt" >= to_timestamp(($1::jsonb -> 0 ->> 'lastFrom')::float8)
        AND "startedAt" < to_timestamp(($1::jsonb -> 0 ->> 'lastTo')::float8))
    AND "status" <> 'started'
    AND ($1::jsonb -> 0 ->> 'creatorId' IS NULL OR "creatorId" = $1::jsonb -> 0 ->> 'creatorId')
    AND ($1::jsonb -> 0 -> 'creatorIds' IS NULL OR $1::jsonb -> 0 -> 'creatorIds' ? "creatorId")
    AND ($1::jsonb -> 0 ->> 'agent' IS NULL OR "agentId" = $1::jsonb -> 0 ->> 'agent')
    AND ($1::jsonb -> 0 ->> 'model' IS NULL OR call."model" = $1::jsonb -> 0 ->> 'model')
    AND ($1::jsonb -> 0 ->> 'feature' IS NULL OR "feature" = $1::jsonb -> 0 ->> 'feature')
  GROUP BY 1, 2
)
SELECT coalesce(to_char("day", 'YYYY-MM-DD'), "name") AS "key",
  "name" AS "stack",
  sum("calls") AS "calls", sum("inputTokens") AS "inputTokens", sum("cachedTokens") AS "cachedTokens",
  sum("outputTokens") AS "outputTokens", sum("thoughtTokens") AS "thoughtTokens", sum("costUsd") AS "costUsd",
  sum("unknownUsd") AS "unknownUsd", sum("cacheSavedUsd") AS "cacheSavedUsd",
  sum("thoughtsUsd") AS "thoughtsUsd", coalesce(sum("monthUsd"), 0) AS "monthUsd",
  coalesce(sum("recentUsd"), 0) AS "recentUsd"
FROM (SELECT * FROM whole UNION ALL SELECT * FROM edge) AS part
GROUP BY 1, 2
ORDER BY 1
