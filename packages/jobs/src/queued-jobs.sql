-- All queued jobs that are not put off, wait for no room and need not run alone, page by page in order of
-- their ids: what Redis must hold.
-- $1: [{afterId, limit}]. Rows: {id, agent, creatorId, generation, priority, notBefore, terms (of its lane; null
-- where it has taken its token)}.
WITH RECURSIVE walk AS (
  -- From one id to the next, until the page is full: Postgres expects few that fit, and would read and sort all.
  (SELECT * FROM "LiveJob" WHERE "id" > (SELECT $1::jsonb -> 0 ->> 'afterId') ORDER BY "id" LIMIT 1)
  UNION ALL
  SELECT job.* FROM walk CROSS JOIN LATERAL (
    SELECT * FROM "LiveJob" WHERE "id" > walk."id" ORDER BY "id" LIMIT 1
  ) AS job
), page AS (
  SELECT * FROM walk
  WHERE "status" = 'queued' AND ("waitingFor" IS NULL OR "waitingFor" NOT IN ('quota', 'paused'))
    AND "crashes" < 2 AND ("runAt" IS NULL OR "runAt" <= now())
  LIMIT (SELECT ($1::jsonb -> 0 ->> 'limit')::int)
)
SELECT page."id", "agent", "creatorId", "generation", "priority", "notBefore",
  CASE WHEN NOT page."hasToken" THEN understudy_lane_terms("Creator", "Plan") END AS "terms"
FROM page JOIN "Creator" ON "Creator"."id" = page."creatorId" JOIN "Plan" ON "Plan"."name" = "Creator"."planName"
ORDER BY page."id"
