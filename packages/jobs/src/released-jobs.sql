-- Of jobs that were released to their queues long ago, those that still wait there to start.
-- $1: [{id, generation}]. Rows: {id, generation, agent, creatorId}.
SELECT "Job"."id", "Job"."generation", "Job"."agent", "Job"."creatorId"
FROM "Job" JOIN jsonb_to_recordset($1::jsonb) AS request("id" text, "generation" int) USING ("id", "generation")
WHERE "Job"."status" = 'queued' AND ("Job"."waitingFor" IS NULL OR "Job"."waitingFor" NOT IN ('quota', 'paused'))
  AND "Job"."id" = ANY (ARRAY(SELECT "id" FROM jsonb_to_recordset($1::jsonb) AS listed("id" text)))
