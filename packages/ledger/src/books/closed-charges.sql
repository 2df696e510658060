-- Closed charges, in the order of months and creators, with the terms that they were made of.
-- $1: [{month?, creatorId?, afterMonth, afterCreatorId, limit}], one item: those behind that month and creator ('' is before all).
-- Rows: {creatorId, month, plan, planPriceUsd, usage}.
SELECT "creatorId", to_char("month", 'YYYY-MM') AS "month", "planName" AS "plan", "planPriceUsd"::text, "usage"
FROM "MonthlyCharge"
WHERE "status" = 'closed'
  AND ($1::jsonb -> 0 ->> 'month' IS NULL OR "month" = (($1::jsonb -> 0 ->> 'month') || '-01')::date)
  AND ($1::jsonb -> 0 ->> 'creatorId' IS NULL OR "creatorId" = $1::jsonb -> 0 ->> 'creatorId')
  AND (to_char("month", 'YYYY-MM'), "creatorId" COLLATE "C") > ($1::jsonb -> 0 ->> 'afterMonth', $1::jsonb -> 0 ->> 'afterCreatorId')
ORDER BY "month", "creatorId" COLLATE "C"
LIMIT ($1::jsonb -> 0 ->> 'limit')::int
