-- Creators that take part in a month, in the order of their ids, with their charge where it is closed.
-- $1: [{month?, creatorId?, creatorIds?, after, limit}], one item: that creator alone, none but these, those after one,
-- so many at most. The current UTC month by default.
-- Rows: {creatorId, month, isClosed, plan, planPriceUsd, usage, costUsd, roundedUsd, adjustments, amountUsd,
-- tokensInput, tokensOutput, byAgent, byFeature, closedAt}; without a charge all after isClosed are null.
-- Subqueries for one row each, instead of joins: a page is as quick as what it reads, wherever it begins.
WITH request AS (
  SELECT "creatorId", "creatorIds", "after", "limit",
    coalesce(("month" || '-01')::date, date_trunc('month', now() AT TIME ZONE 'UTC')::date) AS "firstDay"
  FROM jsonb_to_recordset($1::jsonb) AS r("month" text, "creatorId" text, "creatorIds" jsonb, "after" text, "limit" int)
), page AS MATERIALIZED (
  SELECT creator."id" FROM "Creator" AS creator
  WHERE creator."id" > (SELECT "after" FROM request)
    AND ((SELECT "creatorId" FROM request) IS NULL OR creator."id" = (SELECT "creatorId" FROM request))
    AND ((SELECT "creatorIds" FROM request) IS NULL OR (SELECT "creatorIds" FROM request) ? creator."id")
    AND (creator."createdAt" < ((SELECT "firstDay" FROM request) + interval '1 month') AT TIME ZONE 'UTC' OR (
      SELECT true FROM "Account" AS account
      WHERE account."creatorId" = creator."id" AND account."month" <= (SELECT "firstDay" FROM request)
      LIMIT 1
    ))
  ORDER BY creator."id"
  LIMIT (SELECT "limit" FROM request)
)
SELECT page."id" AS "creatorId", to_char((SELECT "firstDay" FROM request), 'YYYY-MM') AS "month",
  charge."creatorId" IS NOT NULL AS "isClosed", charge."planName" AS "plan",
  charge."planPriceUsd", charge."usage", charge."costUsd", charge."roundedUsd", charge."adjustments", charge."amountUsd",
  charge."tokensInput", charge."tokensOutput", charge."byAgent", charge."byFeature", charge."closedAt"
FROM page
LEFT JOIN "MonthlyCharge" AS charge
  ON charge."creatorId" = page."id" AND charge."month" = (SELECT "firstDay" FROM request)
  AND charge."creatorId" = ANY (ARRAY(SELECT "id" FROM page))
ORDER BY page."id"
