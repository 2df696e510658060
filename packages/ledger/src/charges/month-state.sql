-- How far a month is. $1: [{month}]
-- Rows: one: {isOver, endsAt, charged}. charged: creators with a charge of it. By the clock of this server.
SELECT now() >= month."endsAt" AS "isOver", month."endsAt",
  (SELECT count(*)::int FROM "MonthlyCharge" WHERE "month" = month."firstDay") AS "charged"
FROM (
  SELECT ("month" || '-01')::date AS "firstDay", (("month" || '-01')::date + interval '1 month') AT TIME ZONE 'UTC' AS "endsAt"
  FROM jsonb_to_recordset($1::jsonb) AS r("month" text)
) AS month
