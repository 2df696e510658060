-- Jobs as no job may be for long, those that are both among the live and ended, or neither, and ends that are told of in no event, in another's words, or twice.
-- $1: [{month?, creatorId?, minutes, retentionDays, limit}], one item: that were accepted in that month, of that creator. minutes: what
-- is under way for longer is not being repaired. retentionDays: events of ends before that may be deleted.
-- Rows: {what, whose, is, shouldBe}, `limit` at most.
-- The lease of a worker that stopped in order is gone at once: what ran under it counts once its attempt's own time is over too.
WITH asked AS (
  SELECT now() - make_interval(mins => "minutes") AS "longAgo", now() - make_interval(days => "retentionDays", hours => -1) AS "keptSince"
  FROM jsonb_to_recordset($1::jsonb) AS r("minutes" int, "retentionDays" int)
), told AS (
  SELECT "jobId", count(*) AS "events", count(*) FILTER (WHERE "jobEnd" IS NULL) AS "ends", max("type") FILTER (WHERE "jobEnd" IS NULL) AS "type"
  FROM "Outbox" WHERE "jobId" IS NOT NULL
  GROUP BY "jobId"
), job AS (
  SELECT record."id", coalesce(record."status", live."status") AS "status", record."finishedAt", record."finishedAt" IS NOT NULL AS "hasEnded",
    live."id" IS NOT NULL AS "isLive", record."heldUsd", record."retries", live."workerId", live."attemptDeadlineAt",
    coalesce(told."events", 0) AS "events", coalesce(told."ends", 0) AS "ends", told."type"
  FROM "JobRecord" AS record LEFT JOIN "LiveJob" AS live USING ("id") LEFT JOIN told ON told."jobId" = record."id"
  WHERE ($1::jsonb -> 0 ->> 'creatorId' IS NULL OR record."creatorId" = $1::jsonb -> 0 ->> 'creatorId')
    AND ($1::jsonb -> 0 ->> 'month' IS NULL
      OR record."createdAt" >= (($1::jsonb -> 0 ->> 'month') || '-01')::timestamp AT TIME ZONE 'UTC'
        AND record."createdAt" < ((($1::jsonb -> 0 ->> 'month') || '-01')::timestamp + interval '1 month') AT TIME ZONE 'UTC')
)
SELECT finding."what", job."id" AS "whose", finding."is", finding."shouldBe"
FROM job CROSS JOIN asked
LEFT JOIN "Lease" AS lease ON lease."name" = job."workerId"
CROSS JOIN LATERAL (VALUES
  ('job_astray', job."hasEnded" = job."isLive", CASE WHEN job."isLive" THEN 'ended, and among the live' ELSE 'not ended, and not among the live' END,
    'among the live until it ends'),
  ('job_holds', job."hasEnded" AND job."heldUsd" > 0 AND job."finishedAt" < asked."longAgo",
    job."status" || ', and holds ' || trim_scale(job."heldUsd"), 'nothing held'),
  ('job_dead', job."status" = 'running' AND coalesce(lease."until", job."attemptDeadlineAt") < asked."longAgo",
    'running under the lease of ' || coalesce(job."workerId", 'nobody') || ', which is over', 'taken over'),
  ('end_untold', job."hasEnded" AND job."ends" = 0 AND job."finishedAt" >= asked."keptSince", job."status" || ', and no event tells it', 'one event'),
  ('end_untold', job."hasEnded" AND job."ends" = 1 AND job."type" <> 'job.' || job."status", 'told as ' || job."type", 'job.' || job."status"),
  ('end_told_twice', job."ends" > job."hasEnded"::int OR job."events" > job."retries" + job."hasEnded"::int,
    job."status" || ', retried ' || job."retries" || ' times, ' || job."events" || ' events, ' || job."ends" || ' of its last end',
    'one event for each end')
) AS finding("what", "isAmiss", "is", "shouldBe")
WHERE finding."isAmiss"
ORDER BY finding."what", job."id"
LIMIT ($1::jsonb -> 0 ->> 'limit')::int
