-- Notes that ended jobs stand in Redis no more. $1: [{id}].
UPDATE "Job" SET "dispatchedAt" = NULL
WHERE "id" = ANY (ARRAY(SELECT "id" FROM jsonb_to_recordset($1::jsonb) AS r("id" text)))
  AND "startedAt" IS NULL AND "status" IN ('cancelled', 'failed')
