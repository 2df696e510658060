-- What of the costs of a period bought nothing: of ended calls that started in [from, to). Which call goes to which kind:
--   failed: its job failed or was cancelled. blocked: Gemini blocked its job. retried: its job did not end so, but the
--   same step was called again later, or repaired: the first answer was not used.
-- $1: [{from, to, creatorId?, agent?, model?, feature?}], times in seconds since 1970-01-01.
-- Rows: one, {failedUsd, blockedUsd, retriedUsd}, sums as text.
--
-- What is read out of $1 is immutable, as in costs.sql: a plan made for this $1 sees constants.
-- `call` is looked into from two sides, by two plans: written down once it would be a million rows on the disk.
WITH call AS NOT MATERIALIZED (
  SELECT "jobId", "stepKey", "startedAt", "id", "costUsd"
  FROM "UsageLog"
  WHERE "startedAt" >= to_timestamp(($1::jsonb -> 0 ->> 'from')::float8)
    AND "startedAt" < to_timestamp(($1::jsonb -> 0 ->> 'to')::float8)
    AND "costUsd" > 0
    AND ($1::jsonb -> 0 ->> 'creatorId' IS NULL OR "creatorId" = $1::jsonb -> 0 ->> 'creatorId')
    AND ($1::jsonb -> 0 ->> 'agent' IS NULL OR "agentId" = $1::jsonb -> 0 ->> 'agent')
    AND ($1::jsonb -> 0 ->> 'model' IS NULL OR "model" = $1::jsonb -> 0 ->> 'model')
    AND ($1::jsonb -> 0 ->> 'feature' IS NULL OR "feature" = $1::jsonb -> 0 ->> 'feature')
), ended_badly AS (
  SELECT coalesce(sum("costUsd") FILTER (WHERE job."withoutResult" IN ('failed', 'cancelled')), 0) AS "failedUsd",
    coalesce(sum("costUsd") FILTER (WHERE job."withoutResult" = 'blocked'), 0) AS "blockedUsd"
  FROM "JobRecord" AS job JOIN call ON call."jobId" = job."id"
  WHERE job."withoutResult" IN ('failed', 'blocked', 'cancelled')
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
    JOIN "JobRecord" AS job ON job."id" = call."jobId" AND job."withoutResult" IS NULL
  ) AS unused
)
SELECT * FROM ended_badly, retried
