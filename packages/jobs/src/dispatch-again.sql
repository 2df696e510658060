-- Gives jobs that were released to their queues, and are not there any more, a new generation to be dispatched under.
-- $1: [{id, generation, delaySeconds}]: not before that is over. Rows: {id, agent, creatorId, generation, priority, notBefore} of those that still wait to start under that one;
-- they have taken their token.
UPDATE "Job" SET "generation" = "Job"."generation" + 1, "dispatchedAt" = NULL, "hasToken" = true,
  "runAt" = now() + make_interval(secs => request."delaySeconds")
FROM jsonb_to_recordset($1::jsonb) AS request("id" text, "generation" int, "delaySeconds" float8)
WHERE "Job"."id" = request."id" AND "Job"."generation" = request."generation" AND "Job"."status" = 'queued'
RETURNING "Job"."id", "agent", "creatorId", "Job"."generation", "priority", "notBefore"
