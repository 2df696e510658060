-- What must recover, and how far everything has come. $1: [{ids, isCounting}], one item: jobs that ran on a
-- worker that may be dead, and whether the progress of all jobs is asked for. One row:
-- {running: [{id, attempt, workerId}], workers: [name] that live,
-- jobs: [{id, attempt, status, isFree}] of ids, isFree where nothing in Postgres keeps it from running,
-- ended (how many jobs have), attempts (how many were made), both 0 unless asked for,
-- hasWork (whether any job could run)}.
WITH request AS (
  SELECT * FROM jsonb_to_recordset($1::jsonb) AS r("ids" jsonb, "isCounting" boolean)
), live AS (
  SELECT "name" FROM "Lease" WHERE "name" LIKE 'worker\_%' AND "until" > now()
), open AS (
  SELECT "id", "attempt", "workerId", "status",
    "status" = 'running' OR "crashes" < 2 AND coalesce("runAt" <= now(), true)
      AND coalesce("waitingFor" NOT IN ('quota', 'paused', 'provider'), true) AS "isFree"
  FROM "LiveJob"
), progress AS (
  SELECT count(*) FILTER (WHERE "finishedAt" IS NOT NULL) AS "ended", sum("attempt") AS "attempts"
  FROM "Job" WHERE (SELECT "isCounting" FROM request)
)
SELECT
  (SELECT coalesce(jsonb_agg(jsonb_build_object('id', "id", 'attempt', "attempt", 'workerId', "workerId")), '[]')
   FROM open WHERE "status" = 'running') AS "running",
  (SELECT coalesce(jsonb_agg("name"), '[]') FROM live) AS "workers",
  (SELECT coalesce(jsonb_agg(jsonb_build_object('id', "id", 'attempt', "attempt", 'status', "status", 'isFree', "isFree")), '[]')
   FROM open WHERE (SELECT "ids" FROM request) ? "id") AS "jobs",
  coalesce("ended", 0)::int AS "ended", coalesce("attempts", 0)::int AS "attempts",
  EXISTS (SELECT FROM open WHERE "isFree") AS "hasWork"
FROM progress
