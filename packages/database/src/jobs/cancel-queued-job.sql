-- Cancels a job that has not started, and leaves word of it in the outbox. $1: [{id, eventId}].
-- Rows: {id, generation, agent, creatorId, priority}; none where it is not queued.
WITH cancelled AS (
  UPDATE "Job" SET "status" = 'cancelled', "waitingFor" = NULL, "neededUsd" = NULL, "finishedAt" = now()
  FROM jsonb_to_recordset($1::jsonb) AS request("id" text, "eventId" text)
  WHERE "Job"."id" = request."id" AND "Job"."status" = 'queued'
  RETURNING "Job"."id", "Job"."generation", "Job"."agent", "Job"."creatorId", "Job"."priority", request."eventId"
), told AS (
  INSERT INTO "Outbox" ("id", "type", "creatorId", "jobId") SELECT "eventId", 'job.cancelled', "creatorId", "id" FROM cancelled
)
SELECT "id", "generation", "agent", "creatorId", "priority" FROM cancelled
