-- Closed charges that do not say what their month's calls, their own parts and their account say.
-- $1: [{month?, creatorId?, limit?}], one item: of that month alone, of that creator alone.
-- Rows: {creatorId, month, field, is, shouldBe}, one for each thing that is off, `limit` at most.
-- A charge has the cost of the calls that were settled before it was closed; what came in the minute around that may have been just
-- too late. An operator's word on an estimated cost stands in place of that, so where one was given the cost is not asked.
WITH charge AS (
  SELECT * FROM "MonthlyCharge"
  WHERE "status" = 'closed'
    AND ($1::jsonb -> 0 ->> 'month' IS NULL OR "month" = (($1::jsonb -> 0 ->> 'month') || '-01')::date)
    AND ($1::jsonb -> 0 ->> 'creatorId' IS NULL OR "creatorId" = $1::jsonb -> 0 ->> 'creatorId')
), account AS (
  SELECT * FROM "Account"
  WHERE "kind" = 'creator_month'
    AND ($1::jsonb -> 0 ->> 'month' IS NULL OR "month" = (($1::jsonb -> 0 ->> 'month') || '-01')::date)
    AND ($1::jsonb -> 0 ->> 'creatorId' IS NULL OR "creatorId" = $1::jsonb -> 0 ->> 'creatorId')
), settled AS (
  SELECT "creatorId", "month", coalesce(bool_or(call."byOperator" AND call."estimated"), false) AS "isCorrected",
    coalesce(sum(call."costUsd") FILTER (WHERE call."settledAt" < charge."closedAt" - interval '1 minute'), 0) AS "leastUsd",
    coalesce(sum(call."costUsd") FILTER (WHERE call."settledAt" < charge."closedAt" + interval '1 minute'), 0) AS "mostUsd"
  FROM charge LEFT JOIN "UsageLog" AS call USING ("creatorId", "month")
  GROUP BY "creatorId", "month"
), own AS (
  SELECT charge.*, settled."isCorrected", settled."leastUsd", settled."mostUsd", "planPriceUsd"
      + CASE "usage" WHEN 'billed' THEN "roundedUsd" ELSE 0 END
      + (SELECT coalesce(sum((one ->> 'amountUsd')::numeric), 0) FROM jsonb_array_elements("adjustments") AS one) AS "owedUsd",
    (SELECT coalesce(sum((share.value ->> 'costUsd')::numeric), 0) FROM jsonb_each("byAgent") AS share) AS "agentsUsd",
    (SELECT coalesce(sum((share.value ->> 'costUsd')::numeric), 0) FROM jsonb_each("byFeature") AS share) AS "featuresUsd"
  FROM charge JOIN settled USING ("creatorId", "month")
), off AS (
  SELECT "creatorId", "month", 'cost' AS "field", trim_scale("costUsd")::text AS "is",
    CASE WHEN "leastUsd" = "mostUsd" THEN trim_scale("mostUsd")::text ELSE trim_scale("leastUsd") || ' to ' || trim_scale("mostUsd") END AS "shouldBe"
  FROM own WHERE NOT "isCorrected" AND ("costUsd" < "leastUsd" OR "costUsd" > "mostUsd")
  UNION ALL
  SELECT "creatorId", "month", 'amount', trim_scale("amountUsd")::text, trim_scale("owedUsd")::text FROM own WHERE "amountUsd" <> "owedUsd"
  UNION ALL
  SELECT "creatorId", "month", 'by agent', trim_scale("agentsUsd")::text, trim_scale("costUsd")::text FROM own WHERE "agentsUsd" <> "costUsd"
  UNION ALL
  SELECT "creatorId", "month", 'by feature', trim_scale("featuresUsd")::text, trim_scale("costUsd")::text FROM own WHERE "featuresUsd" <> "costUsd"
  UNION ALL
  SELECT "creatorId", "month", 'account', CASE WHEN account."closedAt" IS NULL THEN 'open' ELSE 'closed' END,
    CASE WHEN charge."creatorId" IS NULL THEN 'open: there is no charge' ELSE 'closed' END
  FROM account FULL JOIN charge USING ("creatorId", "month")
  WHERE (account."closedAt" IS NULL) <> (charge."creatorId" IS NULL)
)
SELECT "creatorId", to_char("month", 'YYYY-MM') AS "month", "field", "is", "shouldBe" FROM off
ORDER BY "creatorId", "month", "field"
LIMIT ($1::jsonb -> 0 ->> 'limit')::int
