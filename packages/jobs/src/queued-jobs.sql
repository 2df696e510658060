-- All queued jobs that are not put off, wait for no room and need not run alone, page by page in order of
-- their ids: what Redis must hold.
-- $1: [{afterId, limit}]. Rows: {id, agent, creatorId, generation, priority, notBefore, terms (of its lane; null
-- where it has taken its token)}.
SELECT "LiveJob"."id", "agent", "creatorId", "generation", "priority", "notBefore",
  CASE WHEN NOT "LiveJob"."hasToken" THEN understudy_lane_terms("Creator", "Plan") END AS "terms"
FROM "LiveJob" JOIN "Creator" ON "Creator"."id" = "LiveJob"."creatorId" JOIN "Plan" ON "Plan"."name" = "Creator"."planName"
WHERE "status" = 'queued' AND ("waitingFor" IS NULL OR "waitingFor" NOT IN ('quota', 'paused'))
  AND "crashes" < 2 AND ("runAt" IS NULL OR "runAt" <= now()) AND "LiveJob"."id" > (SELECT $1::jsonb -> 0 ->> 'afterId')
ORDER BY "LiveJob"."id"
LIMIT (SELECT ($1::jsonb -> 0 ->> 'limit')::int)
