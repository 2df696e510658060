-- Creators' accounts of the current UTC month. $1: [{creatorId}].
-- Rows: {creatorId, plan, periodStart, resetsAt, quotaUsd, spentUsd, heldUsd, unknownUsd}; none where there is no such creator.
SELECT "Creator"."id" AS "creatorId", "Plan"."name" AS "plan",
  period."month" AT TIME ZONE 'UTC' AS "periodStart",
  (period."month" + interval '1 month') AT TIME ZONE 'UTC' AS "resetsAt",
  coalesce("Creator"."quotaUsd", "Plan"."quotaUsd") AS "quotaUsd",
  coalesce(account."spentUsd", 0) AS "spentUsd",
  coalesce(account."heldUsd", 0) AS "heldUsd",
  coalesce(account."unknownUsd", 0) AS "unknownUsd"
FROM jsonb_to_recordset($1::jsonb) AS request("creatorId" text)
CROSS JOIN (SELECT date_trunc('month', now()::timestamptz(3) AT TIME ZONE 'UTC') AS "month") AS period
JOIN "Creator" ON "Creator"."id" = request."creatorId"
JOIN "Plan" ON "Plan"."name" = "Creator"."planName"
LEFT JOIN "Account" AS account ON account."creatorId" = "Creator"."id" AND account."month" = period."month"::date
