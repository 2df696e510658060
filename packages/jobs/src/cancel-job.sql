-- Cancels a job that has not ended, and leaves word of it in the outbox. An attempt that runs is fenced off: nothing is
-- written of it later but what its call has cost. $1: [{id, eventId}], one item.
-- Rows: {id, generation, agent, creatorId, priority, attempt, wasRunning}; none where it has ended, or is not there.
WITH open AS (
  SELECT "id", $1::jsonb -> 0 ->> 'eventId' AS "eventId" FROM "LiveJob" WHERE "id" = $1::jsonb -> 0 ->> 'id'
  FOR NO KEY UPDATE
), ending_job AS (
  SELECT "id", "eventId", false AS "givesBack", '{"status": "cancelled"}'::jsonb AS "end" FROM open
),
-- include ../../database/src/end-jobs.sql
SELECT "id", "generation", "agent", "creatorId", "priority", "attempt", "wasRunning" FROM ended_job
