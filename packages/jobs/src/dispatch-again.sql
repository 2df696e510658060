-- Gives jobs that were released to their queues, and are not there any more, a new generation to be dispatched under.
-- $1: [{id, generation, delaySeconds}]: not before that is over. Rows: {id, agent, creatorId, generation, priority, notBefore} of those that still wait to start under that one;
-- they have taken their token.
WITH request AS (
  SELECT * FROM jsonb_to_recordset($1::jsonb) AS r("id" text, "generation" int, "delaySeconds" float8)
  -- Locked in one order everywhere, so that two batches can't wait for each other.
  ORDER BY "id"
), due AS (
  SELECT request.* FROM request CROSS JOIN LATERAL (
    SELECT "generation", "status" FROM "LiveJob" WHERE "id" = request."id" LIMIT 1 FOR NO KEY UPDATE
  ) AS job
  WHERE job."generation" = request."generation" AND job."status" = 'queued'
)
UPDATE "LiveJob" SET "generation" = "LiveJob"."generation" + 1, "dispatchedAt" = NULL, "hasToken" = true,
  "runAt" = now() + make_interval(secs => due."delaySeconds")
FROM due
WHERE "LiveJob"."id" = due."id"
RETURNING "LiveJob"."id", "agent", "creatorId", "LiveJob"."generation", "priority", "notBefore"
