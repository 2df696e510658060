-- Of jobs that were released to their queues long ago, those that still wait there to start.
-- $1: [{id, generation}]. Rows: {id, generation, agent, creatorId}.
SELECT request."id", request."generation", job."agent", job."creatorId"
FROM jsonb_to_recordset($1::jsonb) AS request("id" text, "generation" int)
CROSS JOIN LATERAL (SELECT * FROM "LiveJob" WHERE "id" = request."id" LIMIT 1) AS job
WHERE job."generation" = request."generation" AND job."status" = 'queued'
  AND (job."waitingFor" IS NULL OR job."waitingFor" NOT IN ('quota', 'paused'))
