-- Notes that jobs stand in Redis. $1: [{id, generation}]. No rows.
UPDATE "Job" SET "dispatchedAt" = now()
FROM jsonb_to_recordset($1::jsonb) AS request("id" text, "generation" int)
WHERE "Job"."id" = request."id" AND "Job"."generation" = request."generation" AND "Job"."status" = 'queued'
  AND "Job"."dispatchedAt" IS NULL
