-- Notes that a month is done: that every creator is charged has just been seen, and that it is over for so long
-- that nobody can come late. A month that nobody took part in is not noted. Safe to run twice.
-- $1: [{month, settlingSeconds}]. No rows.
INSERT INTO "ClosedMonth" ("month")
SELECT month."firstDay" FROM (
  SELECT ("month" || '-01')::date AS "firstDay", "settlingSeconds"
  FROM jsonb_to_recordset($1::jsonb) AS r("month" text, "settlingSeconds" float8)
) AS month
WHERE now() - make_interval(secs => month."settlingSeconds") >= (month."firstDay" + interval '1 month') AT TIME ZONE 'UTC'
  AND EXISTS (SELECT FROM "MonthlyCharge" WHERE "MonthlyCharge"."month" = month."firstDay")
ON CONFLICT DO NOTHING
