-- Calls as no call may be for long, and those that their job does not account for.
-- $1: [{month?, creatorId?, minutes, limit}], one item: that began in that month, of that creator. minutes: what is under way for
-- longer is not being repaired.
-- Rows: {what, whose, is, shouldBe}, `limit` at most.
SELECT "what", "id" AS "whose", "is", "shouldBe"
FROM (
  SELECT 'call_open' AS "what", "id", 'started, past its deadline since ' || to_char("deadlineAt" AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') AS "is",
    'settled, released or unknown' AS "shouldBe", "creatorId", "startedAt" AS "at"
  FROM "UsageLog" CROSS JOIN LATERAL (SELECT now() - make_interval(mins => ($1::jsonb -> 0 ->> 'minutes')::int)) AS long("ago")
  WHERE "status" = 'started' AND "deadlineAt" < "ago"
  UNION ALL
  SELECT 'call_month', "id", to_char("month", 'YYYY-MM') || ' pays', to_char("startedAt" AT TIME ZONE 'UTC', 'YYYY-MM'), "creatorId", "startedAt"
  FROM "UsageLog"
  WHERE "month" <> date_trunc('month', "startedAt" AT TIME ZONE 'UTC')
  UNION ALL
  SELECT 'call_payer', call."id", concat_ws(', ', call."creatorId", call."apiKeyId") || ' pays',
    concat_ws(', ', job."creatorId", job."apiKeyId") || ', whose job it is', call."creatorId", call."startedAt"
  FROM "UsageLog" AS call JOIN "JobRecord" AS job ON job."id" = call."jobId"
  WHERE (call."creatorId", call."apiKeyId") IS DISTINCT FROM (job."creatorId", job."apiKeyId")
) AS call
-- include ./narrowed.sql
ORDER BY "what", "whose"
LIMIT ($1::jsonb -> 0 ->> 'limit')::int
