-- Gives jobs that are noted as standing in Redis, and do not, a new generation: they are due, and not noted. Of those that were noted
-- a moment ago Redis may have been asked before they came.
-- $1: [{id, generation, ageSeconds}]. Rows: {id}.
UPDATE "Job" SET "generation" = "Job"."generation" + 1, "dispatchedAt" = NULL, "runAt" = coalesce("Job"."runAt", now())
FROM jsonb_to_recordset($1::jsonb) AS request("id" text, "generation" int, "ageSeconds" float8)
WHERE "Job"."id" = request."id" AND "Job"."generation" = request."generation" AND "Job"."status" = 'queued'
  AND "Job"."dispatchedAt" < now() - make_interval(secs => request."ageSeconds")
RETURNING "Job"."id"
