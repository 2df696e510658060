-- All queued jobs but those that wait for room, page by page in order of their ids: what Redis must hold.
-- $1: [{afterId, limit}]. Rows: {id, agent, creatorId, generation, priority, notBefore}.
SELECT "Job"."id", "agent", "creatorId", "generation", "priority", "notBefore"
FROM "Job", jsonb_to_recordset($1::jsonb) AS request("afterId" text)
WHERE "status" = 'queued' AND ("waitingFor" IS NULL OR "waitingFor" NOT IN ('quota', 'paused')) AND "Job"."id" > request."afterId"
ORDER BY "Job"."id"
LIMIT (SELECT ($1::jsonb -> 0 ->> 'limit')::int)
