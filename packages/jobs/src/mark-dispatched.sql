-- Notes that jobs stand in Redis. $1: [{id, generation}]. No rows.
-- Those that were cancelled or have expired meanwhile as well: what may be left of them there is taken out by a sweep.
-- A row that is locked is being claimed, which notes it as well: waiting for it could only deadlock.
WITH noted AS (
  SELECT request."id" FROM jsonb_to_recordset($1::jsonb) AS request("id" text, "generation" int)
  CROSS JOIN LATERAL (
    SELECT "generation", "status", "startedAt", "dispatchedAt" FROM "Job"
    WHERE "id" = request."id" LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
  ) AS job
  WHERE job."generation" = request."generation" AND job."dispatchedAt" IS NULL
    AND (job."status" = 'queued' OR (job."startedAt" IS NULL AND job."status" IN ('cancelled', 'failed')))
)
UPDATE "Job" SET "dispatchedAt" = now() FROM noted WHERE "Job"."id" = noted."id"
