-- Cancels a job that has not ended, and leaves word of it in the outbox. An attempt that runs is fenced off: nothing is
-- written of it later but what its call has cost. $1: [{id, eventId}], one item.
-- Rows: {id, generation, agent, creatorId, priority, attempt, wasRunning}; none where it has ended, or is not there.
WITH open AS (
  SELECT "Job"."id", "Job"."status" = 'running' AS "wasRunning", request."eventId"
  FROM "Job" JOIN jsonb_to_recordset($1::jsonb) AS request("id" text, "eventId" text) USING ("id")
  WHERE "Job"."status" IN ('queued', 'running')
  FOR NO KEY UPDATE OF "Job"
), cancelled AS (
  UPDATE "Job" SET "status" = 'cancelled', "waitingFor" = NULL, "neededUsd" = NULL, "finishedAt" = now(),
    "attempt" = "attempt" + open."wasRunning"::int, "fences" = "fences" + open."wasRunning"::int
  FROM open WHERE "Job"."id" = open."id"
  RETURNING "Job"."id", "Job"."generation", "Job"."agent", "Job"."creatorId", "Job"."priority", "Job"."attempt",
    open."wasRunning", open."eventId"
), told AS (
  INSERT INTO "Outbox" ("id", "type", "creatorId", "jobId") SELECT "eventId", 'job.cancelled', "creatorId", "id" FROM cancelled
)
SELECT "id", "generation", "agent", "creatorId", "priority", "attempt", "wasRunning" FROM cancelled
