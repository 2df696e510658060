-- Sums of days (DailyUsage) that differ from their ended calls.
-- $1: [{month?, creatorId?, limit?}], one item. month: of the days of that month alone, which is read through an index;
-- creatorId: of that creator's alone.
-- Rows: {creatorId, day, agentId, model, feature, field, is, shouldBe}, one for each figure that is off, `limit` at most.
WITH asked AS (
  SELECT "from", ("from" + interval '1 month')::date AS "until", "from"::timestamp AT TIME ZONE 'UTC' AS "beginsAt",
    ("from" + interval '1 month') AT TIME ZONE 'UTC' AS "endsAt"
  FROM (SELECT (($1::jsonb -> 0 ->> 'month') || '-01')::date AS "from") AS month
), total AS (
  SELECT "creatorId", ("startedAt" AT TIME ZONE 'UTC')::date AS "day", "agentId", call."model", "feature", count(*) AS "calls",
    sum("inputTokens") AS "inputTokens", sum("cachedTokens") AS "cachedTokens", sum("outputTokens") AS "outputTokens",
    sum("thoughtTokens") AS "thoughtTokens", coalesce(sum("costUsd"), 0) AS "costUsd",
    coalesce(sum("holdUsd") FILTER (WHERE "status" = 'unknown'), 0) AS "unknownUsd",
    coalesce(sum(understudy_cache_saved_usd(price, "inputTokens", "cachedTokens")), 0) AS "cacheSavedUsd",
    coalesce(sum(understudy_thoughts_usd(price, "inputTokens", "thoughtTokens")), 0) AS "thoughtsUsd"
  FROM "UsageLog" AS call LEFT JOIN "Price" AS price ON price."id" = call."priceId"
  WHERE "status" <> 'started'
    AND ($1::jsonb -> 0 ->> 'month' IS NULL
      OR "startedAt" >= (SELECT "beginsAt" FROM asked) AND "startedAt" < (SELECT "endsAt" FROM asked))
    AND ($1::jsonb -> 0 ->> 'creatorId' IS NULL OR "creatorId" = $1::jsonb -> 0 ->> 'creatorId')
  GROUP BY 1, 2, 3, 4, 5
), daily AS (
  SELECT * FROM "DailyUsage"
  WHERE ($1::jsonb -> 0 ->> 'month' IS NULL OR "day" >= (SELECT "from" FROM asked) AND "day" < (SELECT "until" FROM asked))
    AND ($1::jsonb -> 0 ->> 'creatorId' IS NULL OR "creatorId" = $1::jsonb -> 0 ->> 'creatorId')
)
SELECT "creatorId", to_char("day", 'YYYY-MM-DD') AS "day", "agentId", "model", "feature", "field",
  trim_scale("is")::text AS "is", trim_scale("shouldBe")::text AS "shouldBe"
FROM daily FULL JOIN total USING ("creatorId", "day", "agentId", "model", "feature")
CROSS JOIN LATERAL (VALUES
  ('calls', daily."calls"::numeric, total."calls"::numeric),
  ('input tokens', daily."inputTokens", total."inputTokens"),
  ('cached tokens', daily."cachedTokens", total."cachedTokens"),
  ('output tokens', daily."outputTokens", total."outputTokens"),
  ('thought tokens', daily."thoughtTokens", total."thoughtTokens"),
  ('cost', daily."costUsd", total."costUsd"),
  ('unknown', daily."unknownUsd", total."unknownUsd"),
  ('saved by the cache', daily."cacheSavedUsd", round(total."cacheSavedUsd", 12)),
  ('thoughts', daily."thoughtsUsd", round(total."thoughtsUsd", 12))
) AS figure("field", "kept", "summed")
CROSS JOIN LATERAL (SELECT coalesce("kept", 0) AS "is", coalesce("summed", 0) AS "shouldBe") AS said
WHERE "is" <> "shouldBe"
ORDER BY "creatorId", "day", "agentId", "model", "feature", "field"
LIMIT ($1::jsonb -> 0 ->> 'limit')::int
