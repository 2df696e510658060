-- Jobs that should stand in Redis but are not noted as doing so, the oldest first. Who waits for room stands in none.
-- $1: [{ageSeconds, limit}]: younger ones may be on their way. Rows: {id, agent, creatorId, generation, priority, notBefore, terms}.
SELECT "Job"."id", "agent", "creatorId", "generation", "priority", "notBefore",
  -- A job that an attempt was made of since it was asked for, or for again, was released before: it needs no lane.
  CASE WHEN "Job"."attempt" = "Job"."retriedAttempt" THEN understudy_lane_terms("Creator", "Plan") END AS "terms"
FROM "Job" JOIN "Creator" ON "Creator"."id" = "Job"."creatorId" JOIN "Plan" ON "Plan"."name" = "Creator"."planName", jsonb_to_recordset($1::jsonb) AS request("ageSeconds" float8, "limit" int)
WHERE "status" = 'queued' AND "dispatchedAt" IS NULL AND ("waitingFor" IS NULL OR "waitingFor" NOT IN ('quota', 'paused'))
  AND "Job"."createdAt" < now() - make_interval(secs => request."ageSeconds")
ORDER BY "Job"."createdAt"
LIMIT (SELECT ($1::jsonb -> 0 ->> 'limit')::int)
