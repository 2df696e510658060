-- Gives a running job back, to be attempted again: after a time; or, where `neededUsd` says for how much room it waits, when
-- there is room. Unless it has made a call it has not begun: it may still expire. A new generation makes whatever stands in
-- Redis of it void. Crashes stay: only an end clears a suspect, since what kills a process may do so later.
-- $1: [{id, attempt, waitingFor, delayMs?, neededUsd?, isTry}]. isTry: it has used up one of its tries; else its attempt goes on
-- with the next claim, under a new number.
-- Rows: {id} unless the attempt was fenced off.
WITH due AS (
  SELECT request.* FROM jsonb_to_recordset($1::jsonb) AS request("id" text, "attempt" int, "waitingFor" "WaitingFor", "delayMs" float8,
    "neededUsd" numeric, "isTry" boolean)
  CROSS JOIN LATERAL (
    SELECT "status", "attempt" FROM "LiveJob" WHERE "id" = request."id" LIMIT 1 FOR NO KEY UPDATE
  ) AS job
  WHERE job."status" = 'running' AND job."attempt" = request."attempt"
)
UPDATE "LiveJob" SET
  "status" = 'queued',
  "waitingFor" = due."waitingFor",
  "neededUsd" = due."neededUsd",
  "generation" = "LiveJob"."generation" + 1,
  "dispatchedAt" = NULL,
  "runAt" = now() + make_interval(secs => coalesce(due."delayMs", 0) / 1000),
  "tries" = "LiveJob"."tries" + due."isTry"::int,
  "isPutOff" = NOT due."isTry",
  "claimId" = NULL,
  "workerId" = NULL,
  "startedAt" = CASE
    WHEN due."neededUsd" IS NULL OR EXISTS (SELECT FROM "UsageLog" WHERE "UsageLog"."jobId" = "LiveJob"."id")
    THEN "LiveJob"."startedAt" END
FROM due
WHERE "LiveJob"."id" = due."id"
RETURNING "LiveJob"."id"
