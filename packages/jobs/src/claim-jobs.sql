-- Begins an attempt of each job: the attempt's number is raised, so that any earlier one is fenced off.
-- $1: [{id, generation, claimId, workerId, isAlone, timeoutSeconds, reads?}], each id once. reads: what its agent begins with, as
-- first-reads.sql takes it. claimId: of this claim alone; repeated
-- because its answer was not heard, it is given the same attempt. isAlone: nothing else runs in that process.
-- Rows: the job, its creator's `profile` and `plan`, `steps` [{key, result}] that are finished, `conversation` and `insights` as
-- first-reads.sql gives them, `expired`, `isFirstStart`, and `ageSeconds`
-- since it might start (`notBefore`) or was accepted; 0 where it had ended and is tried again: since when is not kept.
-- A job that runs, has ended, or was dispatched again under a later generation has no row: whoever delivers it is late.
WITH request AS (
  SELECT * FROM jsonb_to_recordset($1::jsonb)
    AS r("id" text, "generation" int, "claimId" text, "workerId" text, "isAlone" boolean, "timeoutSeconds" float8, "reads" jsonb)
  -- Locked in one order everywhere, so that two batches can't wait for each other.
  ORDER BY "id"
), due AS (
  SELECT request.*, job."status" = 'queued' AS "isNew",
    -- Of a claim that is repeated, what it was the first time.
    coalesce(job."expiresAt" <= CASE WHEN job."status" = 'running' THEN job."startedAt" WHEN job."startedAt" IS NULL THEN now() END,
      false) AS "expired",
    job."attempt" = CASE WHEN job."status" = 'running' THEN 1 ELSE 0 END AS "isFirstStart"
  FROM request CROSS JOIN LATERAL (
    SELECT "generation", "status", "crashes", "claimId", "expiresAt", "startedAt", "attempt" FROM "LiveJob"
    WHERE "id" = request."id" LIMIT 1 FOR NO KEY UPDATE
  ) AS job
  WHERE job."generation" = request."generation"
    AND (job."status" = 'queued' AND (job."crashes" < 2 OR request."isAlone")
      OR job."status" = 'running' AND job."claimId" = request."claimId")
), attempted AS (
  UPDATE "LiveJob" SET
    "status" = 'running',
    "waitingFor" = NULL,
    "neededUsd" = NULL,
    "runAt" = NULL,
    "attempt" = "LiveJob"."attempt" + due."isNew"::int,
    "fences" = "LiveJob"."fences" + (due."isNew" AND "LiveJob"."isPutOff")::int,
    "isPutOff" = false,
    "claimId" = due."claimId",
    "workerId" = due."workerId",
    "hasToken" = true,
    "startedAt" = coalesce("LiveJob"."startedAt", now()),
    "dispatchedAt" = coalesce("LiveJob"."dispatchedAt", now()),
    "attemptDeadlineAt" = now() + make_interval(secs => due."timeoutSeconds")
  FROM due
  WHERE "LiveJob"."id" = due."id"
  RETURNING "LiveJob"."id", "LiveJob"."attempt", "LiveJob"."tries", due."expired", due."isFirstStart", due."reads"
), claimed AS (
  SELECT attempted.*, job."agent", job."creatorId", job."fanId", job."feature", job."model", job."input", job."traceparent", job."retries",
    job."createdAt", job."priority", job."notBefore"
  FROM attempted CROSS JOIN LATERAL (SELECT * FROM "JobRecord" WHERE "id" = attempted."id" LIMIT 1) AS job
)
SELECT claimed."id", "agent", "creatorId", "fanId", "feature", "model", "input", "priority", "notBefore", "attempt", "tries", "expired",
  "isFirstStart", "traceparent",
  CASE WHEN "retries" = 0 THEN extract(epoch FROM now() - greatest(claimed."createdAt", "notBefore")) ELSE 0 END::float8 AS "ageSeconds",
  creator."profile", creator."planName" AS "plan",
  (SELECT coalesce(jsonb_agg(jsonb_build_object('key', "key", 'result', "result")), '[]') FROM "Step"
   WHERE "jobId" = claimed."id") AS "steps",
  begun."conversation", begun."insights"
FROM claimed JOIN "Creator" AS creator ON creator."id" = claimed."creatorId"
LEFT JOIN LATERAL (
-- include ../../knowledge/src/first-reads.sql
) AS begun ON true
