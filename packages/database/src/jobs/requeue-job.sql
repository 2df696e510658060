-- Gives a running job back to its queue, to be attempted again; or, where `neededUsd` says for how much room it
-- waits, takes it out of Redis until then. Unless it has made a call it has not begun: it may still expire.
-- $1: [{id, attempt, waitingFor, neededUsd?}]. Rows: {id} unless the attempt was fenced off.
UPDATE "Job" SET
  "status" = 'queued',
  "waitingFor" = request."waitingFor",
  "neededUsd" = request."neededUsd",
  "dispatchedAt" = CASE WHEN request."neededUsd" IS NULL THEN "Job"."dispatchedAt" END,
  "startedAt" = CASE
    WHEN request."neededUsd" IS NULL OR EXISTS (SELECT FROM "UsageLog" WHERE "UsageLog"."jobId" = "Job"."id")
    THEN "Job"."startedAt" END
FROM jsonb_to_recordset($1::jsonb) AS request("id" text, "attempt" int, "waitingFor" "WaitingFor", "neededUsd" numeric)
WHERE "Job"."id" = request."id" AND "Job"."attempt" = request."attempt" AND "Job"."status" = 'running'
RETURNING "Job"."id"
