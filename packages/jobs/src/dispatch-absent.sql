-- Gives jobs that are noted as standing in Redis, and do not, a new generation: they are due, and not noted. Of those that were noted
-- a moment ago Redis may have been asked before they came.
-- $1: [{id, generation, ageSeconds}]. Rows: {id}.
WITH request AS (
  SELECT * FROM jsonb_to_recordset($1::jsonb) AS r("id" text, "generation" int, "ageSeconds" float8)
  -- Locked in one order everywhere, so that two batches can't wait for each other.
  ORDER BY "id"
), absent AS (
  SELECT request."id" FROM request CROSS JOIN LATERAL (
    SELECT "generation", "status", "dispatchedAt" FROM "LiveJob" WHERE "id" = request."id" LIMIT 1 FOR NO KEY UPDATE
  ) AS job
  WHERE job."generation" = request."generation" AND job."status" = 'queued'
    AND job."dispatchedAt" < now() - make_interval(secs => request."ageSeconds")
)
UPDATE "LiveJob" SET "generation" = "LiveJob"."generation" + 1, "dispatchedAt" = NULL, "runAt" = coalesce("LiveJob"."runAt", now())
FROM absent
WHERE "LiveJob"."id" = absent."id"
RETURNING "LiveJob"."id"
