-- Notes that jobs stand in Redis. $1: [{id, generation}]. No rows.
-- A row that is locked is being claimed, which notes it as well: waiting for it could only deadlock.
WITH noted AS (
  SELECT "Job"."id" FROM "Job"
  JOIN jsonb_to_recordset($1::jsonb) AS request("id" text, "generation" int) USING ("id", "generation")
  WHERE "Job"."status" = 'queued' AND "Job"."dispatchedAt" IS NULL
    -- Says nothing new: without it Postgres, which takes any batch for a hundred items, reads the whole table.
    AND "Job"."id" = ANY (ARRAY(SELECT "id" FROM jsonb_to_recordset($1::jsonb) AS listed("id" text)))
  FOR NO KEY UPDATE OF "Job" SKIP LOCKED
)
UPDATE "Job" SET "dispatchedAt" = now() FROM noted WHERE "Job"."id" = noted."id"
