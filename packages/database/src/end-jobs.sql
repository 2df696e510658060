-- Ends jobs: the one way from a row in LiveJob into JobRecord's end, with word of it in the outbox. To be included in a WITH list, after
-- `ending_job` {id, eventId, end, givesBack}: jobs whose rows in LiveJob are locked, each once. end: {status, result?, errorCode?,
-- errorMessage?, errorRetryable?, errorResetsAt?, errorStep?}. givesBack: what it holds is given back by the same statement; else
-- release-job-holds.sql does that.
-- An attempt that runs is fenced off where the job is cancelled. One that is blamed for a crash has that counted.
-- Gives `ended_job` {id, creatorId, agent, priority, generation, attempt, crashes, status, wasRunning}.
gone AS (
  DELETE FROM "LiveJob" USING ending_job
  WHERE "LiveJob"."id" = ending_job."id"
  RETURNING "LiveJob".*, ending_job."end", ending_job."eventId", ending_job."givesBack"
), ended_job AS (
  UPDATE "JobRecord" AS job SET
    "status" = said."status",
    "result" = said."result",
    "errorCode" = said."errorCode",
    "errorMessage" = said."errorMessage",
    "errorRetryable" = said."errorRetryable",
    "errorResetsAt" = said."errorResetsAt",
    "errorStep" = said."errorStep",
    "finishedAt" = now(),
    "startedAt" = gone."startedAt",
    "generation" = gone."generation",
    "attempt" = gone."attempt" + (said."status" = 'cancelled' AND gone."status" = 'running')::int,
    "fences" = gone."fences" + (said."status" = 'cancelled' AND gone."status" = 'running')::int,
    "crashes" = gone."crashes" + coalesce(said."errorCode" = 'worker_crashed', false)::int,
    "tries" = gone."tries",
    "inLane" = gone."startedAt" IS NULL AND gone."dispatchedAt" IS NOT NULL,
    "heldUsd" = CASE WHEN gone."givesBack" THEN 0 ELSE gone."heldUsd" END,
    "heldMonth" = CASE WHEN NOT gone."givesBack" THEN gone."heldMonth" END
  FROM gone CROSS JOIN jsonb_to_record(gone."end") AS said("status" "JobStatus", "result" jsonb, "errorCode" text,
    "errorMessage" text, "errorRetryable" boolean, "errorResetsAt" timestamptz, "errorStep" text)
  WHERE job."id" = gone."id"
  RETURNING job."id", job."creatorId", job."agent", job."priority", job."generation", job."attempt", job."crashes", job."status",
    gone."status" = 'running' AS "wasRunning", gone."eventId"
), told_of_end AS (
  INSERT INTO "Outbox" ("id", "type", "creatorId", "jobId")
  SELECT "eventId", 'job.' || "status", "creatorId", "id" FROM ended_job
)
