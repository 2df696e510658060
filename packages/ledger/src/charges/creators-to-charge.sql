-- Creators without a charge of a month, in the order of their ids. A creator takes part in every month from the
-- one of its making on, or from the one of its first account where a clock was off.
-- $1: [{month, after, limit}], one item: those after that creator, so many at most.
-- Rows: {creatorId, waitsForMonth}. waitsForMonth: the month before, where that has to be charged first.
-- Subqueries for one row each, instead of joins: a page is as quick as what it reads, wherever it begins.
WITH request AS (
  SELECT "after", "limit", ("month" || '-01')::date AS "firstDay",
    (("month" || '-01')::date - interval '1 month')::date AS "before",
    ("month" || '-01')::timestamp AT TIME ZONE 'UTC' AS "beginsAt",
    (("month" || '-01')::date + interval '1 month') AT TIME ZONE 'UTC' AS "endsAt"
  FROM jsonb_to_recordset($1::jsonb) AS r("month" text, "after" text, "limit" int)
)
SELECT creator."id" AS "creatorId",
  CASE WHEN (creator."createdAt" < (SELECT "beginsAt" FROM request) OR (
      SELECT true FROM "Account" AS account
      WHERE account."creatorId" = creator."id" AND account."month" <= (SELECT "before" FROM request)
      LIMIT 1
    )) AND (
      SELECT 1 FROM "MonthlyCharge" AS charge
      WHERE charge."creatorId" = creator."id" AND charge."month" = (SELECT "before" FROM request)
    ) IS NULL THEN to_char((SELECT "before" FROM request), 'YYYY-MM')
  END AS "waitsForMonth"
FROM "Creator" AS creator
WHERE creator."id" > (SELECT "after" FROM request)
  AND (creator."createdAt" < (SELECT "endsAt" FROM request) OR (
    SELECT true FROM "Account" AS account
    WHERE account."creatorId" = creator."id" AND account."month" <= (SELECT "firstDay" FROM request)
    LIMIT 1
  ))
  AND (
    SELECT 1 FROM "MonthlyCharge" AS charge
    WHERE charge."creatorId" = creator."id" AND charge."month" = (SELECT "firstDay" FROM request)
  ) IS NULL
ORDER BY creator."id"
LIMIT (SELECT "limit" FROM request)
