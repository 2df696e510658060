-- How much is asked, and of which months. $1: [{month?, creatorId?}], one item.
-- Rows: one, {calls, accounts, months: [YYYY-MM]}, each month from the first call or day to the last.
SELECT
  (SELECT count(*) FROM "UsageLog"
   WHERE ($1::jsonb -> 0 ->> 'month' IS NULL OR "month" = (($1::jsonb -> 0 ->> 'month') || '-01')::date)
     AND ($1::jsonb -> 0 ->> 'creatorId' IS NULL OR "creatorId" = $1::jsonb -> 0 ->> 'creatorId'))::int AS "calls",
  (SELECT count(*) FROM "Account"
   WHERE ($1::jsonb -> 0 ->> 'month' IS NULL OR "month" = (($1::jsonb -> 0 ->> 'month') || '-01')::date)
     AND ($1::jsonb -> 0 ->> 'creatorId' IS NULL OR "creatorId" = $1::jsonb -> 0 ->> 'creatorId'))::int AS "accounts",
  (SELECT coalesce(jsonb_agg(to_char("month", 'YYYY-MM') ORDER BY "month"), '[]')
   FROM generate_series(date_trunc('month', "first"), date_trunc('month', "last"), interval '1 month') AS "month"
   WHERE $1::jsonb -> 0 ->> 'month' IS NULL OR to_char("month", 'YYYY-MM') = $1::jsonb -> 0 ->> 'month') AS "months"
FROM (
  -- Each through an index.
  SELECT least((SELECT min("startedAt") FROM "UsageLog") AT TIME ZONE 'UTC', (SELECT min("day") FROM "DailyUsage")) AS "first",
    greatest((SELECT max("startedAt") FROM "UsageLog") AT TIME ZONE 'UTC', (SELECT max("day") FROM "DailyUsage")) AS "last"
) AS span
