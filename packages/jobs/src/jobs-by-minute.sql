-- Jobs of the last `minutes` minutes, by minute: those that were accepted in it, and those that ended in it, as the outbox
-- tells (each end stands there once). The minute under way is the last. $1: [{minutes}].
-- Rows: {at, accepted, completed, failed}, one for each minute, the oldest first; `failed` counts the blocked, too.
WITH minute AS (
  SELECT generate_series(date_trunc('minute', now()) - make_interval(mins => "minutes" - 1), date_trunc('minute', now()),
    interval '1 minute') AS "at"
  FROM jsonb_to_recordset($1::jsonb) AS request("minutes" int)
), accepted AS (
  SELECT date_trunc('minute', "createdAt") AS "at", count(*) AS "jobs"
  FROM "JobRecord" WHERE "createdAt" >= (SELECT min("at") FROM minute) GROUP BY 1
), ended AS (
  SELECT date_trunc('minute', "createdAt") AS "at",
    count(*) FILTER (WHERE "type" = 'job.completed') AS "completed",
    count(*) FILTER (WHERE "type" IN ('job.failed', 'job.blocked')) AS "failed"
  FROM "Outbox" WHERE "createdAt" >= (SELECT min("at") FROM minute) AND "jobId" IS NOT NULL GROUP BY 1
)
SELECT minute."at", coalesce(accepted."jobs", 0)::int AS "accepted", coalesce("completed", 0)::int AS "completed",
  coalesce("failed", 0)::int AS "failed"
FROM minute LEFT JOIN accepted USING ("at") LEFT JOIN ended USING ("at")
ORDER BY "at"
