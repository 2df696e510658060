-- Gives back running jobs whose attempt has passed its deadline by `graceSeconds`: its worker is gone, and
-- so is their place in Redis, or BullMQ would have run them again. A new generation dispatches them anew.
-- $1: [{graceSeconds, limit}]. Rows: {id, agent, creatorId, generation, priority, notBefore}.
UPDATE "Job" SET "status" = 'queued', "generation" = "generation" + 1, "crashes" = "crashes" + 1, "dispatchedAt" = NULL
WHERE "id" IN (
  SELECT "id" FROM "Job", jsonb_to_recordset($1::jsonb) AS request("graceSeconds" float8)
  WHERE "status" = 'running' AND "attemptDeadlineAt" < now() - make_interval(secs => request."graceSeconds")
  ORDER BY "attemptDeadlineAt"
  LIMIT (SELECT ($1::jsonb -> 0 ->> 'limit')::int)
  FOR UPDATE SKIP LOCKED
) AND "status" = 'running'
RETURNING "id", "agent", "creatorId", "generation", "priority", "notBefore"
