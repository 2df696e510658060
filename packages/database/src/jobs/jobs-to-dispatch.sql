-- Jobs that were accepted but not noted as standing in Redis, the oldest first.
-- $1: [{ageSeconds, limit}]: younger ones may be on their way. Rows: {id, agent, creatorId, generation, priority, notBefore}.
SELECT "Job"."id", "agent", "creatorId", "generation", "priority", "notBefore"
FROM "Job", jsonb_to_recordset($1::jsonb) AS request("ageSeconds" float8, "limit" int)
WHERE "status" = 'queued' AND "dispatchedAt" IS NULL
  AND "createdAt" < now() - make_interval(secs => request."ageSeconds")
ORDER BY "createdAt"
LIMIT (SELECT ($1::jsonb -> 0 ->> 'limit')::int)
