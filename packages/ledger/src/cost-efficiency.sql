-- What of the costs of a period bought nothing, what caching saved, and what thinking took: of ended calls that
-- started in [from, to). Which call goes to which kind of waste:
--   failed: its job failed or was cancelled. blocked: Gemini blocked its job. retried: its job did not end so, but the
--   same step was called again later, or repaired: the first answer was not used.
-- Rates are those of the call's own price row, of long context where its prompt was long; of audio those of text.
-- $1: [{from, to, creatorId?, agent?, model?, feature?}], times in seconds since 1970-01-01.
-- Rows: one, {costUsd, failedUsd, blockedUsd, retriedUsd, unknownUsd, cacheSavedUsd, thoughtsUsd, inputTokens,
--   cachedTokens, outputTokens, thoughtTokens}, sums as text.
--
-- What is read out of $1 is immutable, as in costs.sql: a plan made for this $1 sees constants.
-- `call` is looked into from two sides, by two plans: written down once it would be a million rows on the disk.
WITH call AS NOT MATERIALIZED (
  SELECT "UsageLog".*, job."status" AS "endedBadly"
  FROM "UsageLog"
  LEFT JOIN "Job" AS job ON job."id" = "UsageLog"."jobId" AND job."status" IN ('failed', 'blocked', 'cancelled')
  WHERE "UsageLog"."startedAt" >= to_timestamp(($1::jsonb -> 0 ->> 'from')::float8)
    AND "UsageLog"."startedAt" < to_timestamp(($1::jsonb -> 0 ->> 'to')::float8)
    AND "UsageLog"."status" <> 'started'
    AND ($1::jsonb -> 0 ->> 'creatorId' IS NULL OR "UsageLog"."creatorId" = $1::jsonb -> 0 ->> 'creatorId')
    AND ($1::jsonb -> 0 ->> 'agent' IS NULL OR "UsageLog"."agentId" = $1::jsonb -> 0 ->> 'agent')
    AND ($1::jsonb -> 0 ->> 'model' IS NULL OR "UsageLog"."model" = $1::jsonb -> 0 ->> 'model')
    AND ($1::jsonb -> 0 ->> 'feature' IS NULL OR "UsageLog"."feature" = $1::jsonb -> 0 ->> 'feature')
), -- By price, length and end first: a handful of rows are multiplied then, instead of every call.
rated AS (
  SELECT "priceId", "inputTokens" > coalesce("longContextAbove", 2147483647) AS "isLong", "endedBadly",
    sum("costUsd") AS "costUsd", sum("holdUsd") FILTER (WHERE "status" = 'unknown') AS "unknownUsd",
    sum("inputTokens") AS "inputTokens", sum("cachedTokens") AS "cachedTokens", sum("outputTokens") AS "outputTokens",
    sum("thoughtTokens") AS "thoughtTokens"
  FROM call JOIN "Price" ON "Price"."id" = call."priceId"
  GROUP BY 1, 2, 3
), total AS (
  SELECT coalesce(sum("costUsd"), 0) AS "costUsd",
    coalesce(sum("costUsd") FILTER (WHERE "endedBadly" IN ('failed', 'cancelled')), 0) AS "failedUsd",
    coalesce(sum("costUsd") FILTER (WHERE "endedBadly" = 'blocked'), 0) AS "blockedUsd",
    coalesce(sum("unknownUsd"), 0) AS "unknownUsd",
    coalesce(sum("cachedTokens" * CASE WHEN "isLong" THEN "longInputUsd" - "longCachedUsd" ELSE "inputUsd" - "cachedUsd" END), 0)
      / 1000000 AS "cacheSavedUsd",
    coalesce(sum("thoughtTokens" * CASE WHEN "isLong" THEN "longOutputUsd" ELSE "outputUsd" END), 0) / 1000000 AS "thoughtsUsd",
    coalesce(sum("inputTokens"), 0) AS "inputTokens", coalesce(sum("cachedTokens"), 0) AS "cachedTokens",
    coalesce(sum("outputTokens"), 0) AS "outputTokens", coalesce(sum("thoughtTokens"), 0) AS "thoughtTokens"
  FROM rated JOIN "Price" ON "Price"."id" = rated."priceId"
), called_again AS (
  -- Only another attempt, or a repair, calls a step again: these have an index, UsageLog_called_again. It may have done
  -- so after the period.
  SELECT "jobId", "startedAt", "id", regexp_replace("stepKey", ':repair$', '') AS "stepKey"
  FROM "UsageLog"
  WHERE "startedAt" >= to_timestamp(($1::jsonb -> 0 ->> 'from')::float8)
    AND "startedAt" < to_timestamp(($1::jsonb -> 0 ->> 'to')::float8 + 86400)
    AND ("attempt" > 1 OR "stepKey" LIKE '%:repair')
), retried AS (
  SELECT coalesce(sum("costUsd"), 0) AS "retriedUsd"
  FROM (
    SELECT DISTINCT call."id", call."costUsd"
    FROM called_again
    JOIN call ON call."jobId" = called_again."jobId"
      AND call."stepKey" IN (called_again."stepKey", called_again."stepKey" || ':repair')
      AND (call."startedAt", call."id") < (called_again."startedAt", called_again."id")
    WHERE call."costUsd" > 0 AND call."endedBadly" IS NULL
  ) AS unused
)
SELECT * FROM total, retried
