-- All queued jobs but those that wait for room, page by page in order of their ids: what Redis must hold.
-- $1: [{afterId, limit}]. Rows: {id, agent, creatorId, generation, priority, notBefore, terms}.
SELECT "Job"."id", "agent", "creatorId", "generation", "priority", "notBefore",
  -- A job that an attempt was made of since it was asked for, or for again, was released before: it needs no lane.
  CASE WHEN "Job"."attempt" = "Job"."retriedAttempt" THEN understudy_lane_terms("Creator", "Plan") END AS "terms"
FROM "Job" JOIN "Creator" ON "Creator"."id" = "Job"."creatorId" JOIN "Plan" ON "Plan"."name" = "Creator"."planName", jsonb_to_recordset($1::jsonb) AS request("afterId" text)
WHERE "status" = 'queued' AND ("waitingFor" IS NULL OR "waitingFor" NOT IN ('quota', 'paused')) AND "Job"."id" > request."afterId"
ORDER BY "Job"."id"
LIMIT (SELECT ($1::jsonb -> 0 ->> 'limit')::int)
