-- Which month is to be closed by now, with all before it. $1: [{settlingSeconds}]: how long a month must be over.
-- Rows: one: {month, isDone}. isDone: every creator is charged. By the clock of this server.
SELECT to_char(last."month", 'YYYY-MM') AS "month",
  EXISTS (SELECT FROM "ClosedMonth" WHERE "ClosedMonth"."month" = last."month") AS "isDone"
FROM (
  SELECT (date_trunc('month', (now() - make_interval(secs => "settlingSeconds")) AT TIME ZONE 'UTC') - interval '1 month')::date AS "month"
  FROM jsonb_to_recordset($1::jsonb) AS r("settlingSeconds" float8)
) AS last
