-- Accounts whose spent + held + unknown has passed its bound: the highest quota that was in force in the month, and a key's budget,
-- unless that was changed. A cost above its hold may pass a bound: it is recorded in full and alerted, and does not count here.
-- The platform's budget is a setting, whose history nobody keeps: of it this month alone is asked.
-- $1: [{platformQuotaUsd?, month?, creatorId?, limit?}], one item: of that month's accounts alone, of that creator's alone.
-- Rows: {account, takenUsd, boundUsd}, `limit` at most.
WITH creator_terms AS (
  SELECT *, lag("validTo", 1, '-infinity') OVER (PARTITION BY "creatorId" ORDER BY "validTo") AS "validFrom" FROM (
    SELECT "id" AS "creatorId", "planName", "quotaUsd", 'infinity'::timestamptz AS "validTo" FROM "Creator"
    UNION ALL
    SELECT "creatorId", "planName", "quotaUsd", "validTo" FROM "CreatorHistory"
  ) AS terms
), plan_terms AS (
  SELECT *, lag("validTo", 1, '-infinity') OVER (PARTITION BY "planName" ORDER BY "validTo") AS "validFrom" FROM (
    SELECT "name" AS "planName", "quotaUsd", 'infinity'::timestamptz AS "validTo" FROM "Plan"
    UNION ALL
    SELECT "planName", "quotaUsd", "validTo" FROM "PlanHistory"
  ) AS terms
), quota AS (
  SELECT account."id", CASE WHEN bool_and(coalesce(creator_terms."quotaUsd", plan_terms."quotaUsd") IS NOT NULL)
    THEN max(coalesce(creator_terms."quotaUsd", plan_terms."quotaUsd")) END AS "usd"
  FROM "Account" AS account
  CROSS JOIN LATERAL (SELECT account."month"::timestamp AT TIME ZONE 'UTC' AS "from",
    (account."month" + interval '1 month') AT TIME ZONE 'UTC' AS "until") AS of_month
  JOIN creator_terms ON creator_terms."creatorId" = account."creatorId"
    AND creator_terms."validTo" > of_month."from" AND creator_terms."validFrom" < of_month."until"
  JOIN plan_terms ON plan_terms."planName" = creator_terms."planName"
    AND plan_terms."validTo" > of_month."from" AND plan_terms."validFrom" < of_month."until"
  GROUP BY account."id"
), bound AS (
  SELECT account.*,
    CASE account."kind" WHEN 'creator_month' THEN quota."usd" WHEN 'key' THEN key."budgetUsd"
      ELSE CASE WHEN account."month" = date_trunc('month', now() AT TIME ZONE 'UTC') THEN request."platformQuotaUsd" END END AS "boundUsd"
  FROM "Account" AS account
  CROSS JOIN jsonb_to_recordset($1::jsonb) AS request("platformQuotaUsd" numeric, "month" text, "creatorId" text)
  LEFT JOIN quota USING ("id")
  LEFT JOIN "ApiKey" AS key ON key."id" = account."apiKeyId"
    AND NOT EXISTS (SELECT FROM "AuditEntry" WHERE "operation" = 'updateApiKey' AND "target" = key."id" AND "changes" ? 'budgetUsd')
  WHERE (request."month" IS NULL OR account."month" = (request."month" || '-01')::date)
    AND (request."creatorId" IS NULL OR account."creatorId" = request."creatorId")
), passed AS (
  SELECT bound."id", "spentUsd" + "heldUsd" + "unknownUsd" AS "takenUsd", "boundUsd" FROM bound
  WHERE "spentUsd" + "heldUsd" + "unknownUsd" > "boundUsd"
), above_holds AS (
  SELECT payer."id", sum("costUsd" - "holdUsd") AS "usd"
  FROM "UsageLog" AS call CROSS JOIN LATERAL understudy_payers(call."creatorId", call."apiKeyId", call."month") AS payer
  WHERE "costUsd" > "holdUsd" AND payer."id" IN (SELECT "id" FROM passed)
  GROUP BY payer."id"
)
SELECT passed."id" AS "account", "takenUsd", "boundUsd"
FROM passed LEFT JOIN above_holds USING ("id")
WHERE "takenUsd" - coalesce(above_holds."usd", 0) > "boundUsd"
ORDER BY "account"
LIMIT ($1::jsonb -> 0 ->> 'limit')::int
