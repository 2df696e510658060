-- Notes that jobs stand in Redis. $1: [{id, generation}]. No rows.
-- Those that were cancelled or have expired meanwhile as well: what may be left of them there is taken out by a sweep.
-- A row that is locked is being claimed, which notes it as well: waiting for it could only deadlock.
WITH noted AS (
  SELECT "Job"."id" FROM "Job"
  JOIN jsonb_to_recordset($1::jsonb) AS request("id" text, "generation" int) USING ("id", "generation")
  WHERE "Job"."dispatchedAt" IS NULL
    AND ("Job"."status" = 'queued' OR ("Job"."startedAt" IS NULL AND "Job"."status" IN ('cancelled', 'failed')))
    -- Says nothing new: without it Postgres, which takes any batch for a hundred items, reads the whole table.
    AND "Job"."id" = ANY (ARRAY(SELECT "id" FROM jsonb_to_recordset($1::jsonb) AS listed("id" text)))
  FOR NO KEY UPDATE OF "Job" SKIP LOCKED
)
UPDATE "Job" SET "dispatchedAt" = now() FROM noted WHERE "Job"."id" = noted."id"
