-- Jobs whose time has come and that are not noted as standing in Redis, the longest due first: those that are not due yet, however
-- many, are not even looked at. Who waits for room stands in none, nor
-- who must run alone. $1: [{ageSeconds, limit}]: younger ones may be on their way.
-- Rows: {id, agent, creatorId, generation, priority, notBefore, terms (of its lane; null where it has taken its token)}.
SELECT page."id", "agent", "creatorId", "generation", "priority", "notBefore",
  CASE WHEN NOT page."hasToken" THEN understudy_lane_terms("Creator", "Plan") END AS "terms"
FROM (
  -- Its page first: of all that is due, Postgres may sort what it then leaves out.
  SELECT "LiveJob".*, coalesce("runAt", "createdAt") AS "dueAt"
  FROM "LiveJob", jsonb_to_recordset($1::jsonb) AS request("ageSeconds" float8, "limit" int)
  WHERE "status" = 'queued' AND "dispatchedAt" IS NULL AND ("waitingFor" IS NULL OR "waitingFor" NOT IN ('quota', 'paused'))
    AND "crashes" < 2
    -- By this the index leaves out what is not due.
    AND coalesce("runAt", "createdAt") <= now()
    AND ("runAt" IS NOT NULL OR "createdAt" < now() - make_interval(secs => request."ageSeconds"))
  ORDER BY "dueAt"
  LIMIT (SELECT ($1::jsonb -> 0 ->> 'limit')::int)
) AS page
JOIN "Creator" ON "Creator"."id" = page."creatorId" JOIN "Plan" ON "Plan"."name" = "Creator"."planName"
ORDER BY page."dueAt"
