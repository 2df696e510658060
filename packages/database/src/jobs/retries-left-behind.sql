-- Jobs that should stand in their queues to be attempted again, since `graceSeconds` or longer, those first that were
-- not seen to for longest. Each is named once in that time: a queued job has no use for its attempt's deadline.
-- $1: [{graceSeconds, limit}]. Rows: {id, generation, agent, creatorId}.
UPDATE "Job" SET "attemptDeadlineAt" = now()
WHERE "id" IN (
  SELECT "id" FROM "Job", jsonb_to_recordset($1::jsonb) AS request("graceSeconds" float8)
  WHERE "status" = 'queued' AND "attempt" > 0 AND "dispatchedAt" IS NOT NULL
    AND ("waitingFor" IS NULL OR "waitingFor" NOT IN ('quota', 'paused'))
    AND "attemptDeadlineAt" < now() - make_interval(secs => request."graceSeconds")
  ORDER BY "attemptDeadlineAt"
  LIMIT (SELECT ($1::jsonb -> 0 ->> 'limit')::int)
  FOR UPDATE SKIP LOCKED
) AND "status" = 'queued'
RETURNING "id", "generation", "agent", "creatorId"
