-- Accounts whose spent + held + unknown has passed its bound: the highest quota in force in the month, and a
-- key's budget, unless that was changed. A cost above its hold may pass a bound: it is recorded in full and
-- alerted, and does not count here.
-- $1: [{platformQuotaUsd?}], one item. Rows: {account, usedUsd, boundUsd}.
WITH creator_terms AS (
  SELECT "id" AS "creatorId", "planName", "quotaUsd", 'infinity'::timestamptz AS "validTo" FROM "Creator"
  UNION ALL
  SELECT "creatorId", "planName", "quotaUsd", "validTo" FROM "CreatorHistory"
), plan_terms AS (
  SELECT "name" AS "planName", "quotaUsd", 'infinity'::timestamptz AS "validTo" FROM "Plan"
  UNION ALL
  SELECT "planName", "quotaUsd", "validTo" FROM "PlanHistory"
), used AS (
  SELECT "creatorId", "month", "month"::timestamp AT TIME ZONE 'UTC' AS "since", "spentUsd" + "heldUsd" + "unknownUsd" AS "usedUsd"
  FROM "MonthlySpend"
), bound AS (
  SELECT used."creatorId" || ' in ' || to_char(used."month", 'YYYY-MM') AS "account", used."usedUsd", quota."boundUsd",
    (SELECT coalesce(sum("costUsd" - "holdUsd"), 0) FROM "UsageLog" AS call
     WHERE call."creatorId" = used."creatorId" AND call."month" = used."month" AND "costUsd" > "holdUsd") AS "aboveHoldsUsd"
  FROM used CROSS JOIN LATERAL (
    SELECT CASE WHEN bool_and(coalesce(creator_terms."quotaUsd", plan_terms."quotaUsd") IS NOT NULL)
      THEN max(coalesce(creator_terms."quotaUsd", plan_terms."quotaUsd")) END AS "boundUsd"
    FROM creator_terms JOIN plan_terms USING ("planName")
    WHERE creator_terms."creatorId" = used."creatorId" AND creator_terms."validTo" > used."since" AND plan_terms."validTo" > used."since"
  ) AS quota
  WHERE used."usedUsd" > quota."boundUsd"
  UNION ALL
  SELECT 'the key ' || key."id", key."spentUsd" + key."heldUsd" + key."unknownUsd", key."budgetUsd",
    (SELECT coalesce(sum("costUsd" - "holdUsd"), 0) FROM "UsageLog" AS call WHERE call."apiKeyId" = key."id" AND "costUsd" > "holdUsd")
  FROM "ApiKey" AS key
  WHERE key."spentUsd" + key."heldUsd" + key."unknownUsd" > key."budgetUsd"
    AND NOT EXISTS (SELECT FROM "AuditEntry" WHERE "operation" = 'updateApiKey' AND "target" = key."id" AND "changes" ? 'budgetUsd')
  UNION ALL
  SELECT 'the platform in ' || to_char(used."month", 'YYYY-MM'), sum(used."usedUsd"), request."platformQuotaUsd",
    (SELECT coalesce(sum("costUsd" - "holdUsd"), 0) FROM "UsageLog" AS call WHERE call."month" = used."month" AND "costUsd" > "holdUsd")
  FROM used CROSS JOIN jsonb_to_recordset($1::jsonb) AS request("platformQuotaUsd" numeric)
  GROUP BY used."month", request."platformQuotaUsd"
  HAVING sum(used."usedUsd") > request."platformQuotaUsd"
)
SELECT "account", "usedUsd", "boundUsd" FROM bound WHERE "usedUsd" - "aboveHoldsUsd" > "boundUsd" ORDER BY "account"
