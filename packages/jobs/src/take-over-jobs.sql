-- Takes running jobs from workers that are dead: whose lease has ended. From one that lives those whose attempt is past its
-- deadline by `graceSeconds`, if it could have written that down for so long: after an outage its lease begins anew.
-- Each counts a crash, under which it runs again: after the first two at once, then alone in a process, after a pause that doubles
-- from 15 s. Nobody knows here whether that was its fault (blame-jobs.sql does): its process may have died with all others of
-- its machine. After the tenth, half an hour later, it is no chance any more, and it fails. Workers that were only slow are fenced off.
-- $1: [{graceSeconds, limit, by?, settledSeconds?}]. by: the lease of who asks, which must have been held for so long: after an outage,
-- or a leap of the clock, all that live have renewed theirs by then.
-- Rows: {id, workerId, crashes, isBlamed}.
WITH lost AS (
  SELECT "LiveJob"."id", "LiveJob"."crashes" + 1 AS "crashes", "LiveJob"."workerId", "LiveJob"."crashes" >= 9 AS "isBlamed"
  FROM "LiveJob"
  CROSS JOIN jsonb_to_recordset($1::jsonb) AS request("graceSeconds" float8, "by" text, "settledSeconds" float8)
  LEFT JOIN "Lease" ON "Lease"."name" = "LiveJob"."workerId" AND "Lease"."until" > now()
  CROSS JOIN LATERAL (SELECT now() - make_interval(secs => request."graceSeconds")) AS long("ago")
  WHERE "LiveJob"."status" = 'running'
    AND CASE WHEN "Lease"."name" IS NOT NULL OR "LiveJob"."workerId" IS NULL
      THEN "LiveJob"."attemptDeadlineAt" < long."ago" AND coalesce("Lease"."since" <= long."ago", true)
      ELSE true END
    AND (request."by" IS NULL OR EXISTS (
      SELECT FROM "Lease" AS own
      WHERE own."name" = request."by" AND own."until" > now() AND own."since" <= now() - make_interval(secs => request."settledSeconds")))
  ORDER BY "LiveJob"."attemptDeadlineAt"
  LIMIT (SELECT ($1::jsonb -> 0 ->> 'limit')::int)
  FOR NO KEY UPDATE OF "LiveJob" SKIP LOCKED
), taken AS (
  UPDATE "LiveJob" SET "status" = 'queued', "generation" = "generation" + 1, "crashes" = lost."crashes", "dispatchedAt" = NULL,
    "runAt" = now() + CASE WHEN lost."crashes" > 2 THEN make_interval(secs => 15 * 2 ^ (lost."crashes" - 3)) ELSE interval '0' END,
    "claimId" = NULL, "workerId" = NULL
  FROM lost WHERE "LiveJob"."id" = lost."id" AND NOT lost."isBlamed"
), ending_job AS (
  SELECT "id", understudy_new_id('evt') AS "eventId", false AS "givesBack", '{"status": "failed", "errorCode": "worker_crashed",
    "errorRetryable": true, "errorMessage": "Its process died ten times in a row."}'::jsonb AS "end"
  FROM lost WHERE "isBlamed"
),
-- include ../../database/src/end-jobs.sql
SELECT "id", "workerId", "crashes", "isBlamed" FROM lost
