-- Jobs that should stand in Redis but are not noted as doing so, the oldest first. Who waits for room stands in none.
-- $1: [{ageSeconds, limit}]: younger ones may be on their way. Rows: {id, agent, creatorId, generation, priority, notBefore}.
SELECT "Job"."id", "agent", "creatorId", "generation", "priority", "notBefore"
FROM "Job", jsonb_to_recordset($1::jsonb) AS request("ageSeconds" float8, "limit" int)
WHERE "status" = 'queued' AND "dispatchedAt" IS NULL AND ("waitingFor" IS NULL OR "waitingFor" NOT IN ('quota', 'paused'))
  AND "createdAt" < now() - make_interval(secs => request."ageSeconds")
ORDER BY "createdAt"
LIMIT (SELECT ($1::jsonb -> 0 ->> 'limit')::int)
