-- The first day with an ended call. $1: [{creatorId?, creatorIds?, agent?, model?, feature?}].
-- Rows: one, {day} as the number of days since 1970-01-01, or null. Constants of a plan made for $1, as in costs.sql.
SELECT min("day") - '1970-01-01'::date AS "day"
FROM "DailyUsage"
WHERE ($1::jsonb -> 0 ->> 'creatorId' IS NULL OR "creatorId" = $1::jsonb -> 0 ->> 'creatorId')
  AND ($1::jsonb -> 0 -> 'creatorIds' IS NULL OR $1::jsonb -> 0 -> 'creatorIds' ? "creatorId")
  AND ($1::jsonb -> 0 ->> 'agent' IS NULL OR "agentId" = $1::jsonb -> 0 ->> 'agent')
  AND ($1::jsonb -> 0 ->> 'model' IS NULL OR "model" = $1::jsonb -> 0 ->> 'model')
  AND ($1::jsonb -> 0 ->> 'feature' IS NULL OR "feature" = $1::jsonb -> 0 ->> 'feature')
