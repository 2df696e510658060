-- Notes that jobs stand in Redis. $1: [{id, generation}]. No rows.
-- Those that were cancelled or have expired meanwhile as well: what may be left of them there is taken out by a sweep.
-- A row that is locked is being claimed, which notes it as well: waiting for it could only deadlock.
WITH request AS (
  SELECT * FROM jsonb_to_recordset($1::jsonb) AS r("id" text, "generation" int)
), noted AS (
  SELECT request."id" FROM request CROSS JOIN LATERAL (
    SELECT "generation", "status", "dispatchedAt" FROM "LiveJob" WHERE "id" = request."id" LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
  ) AS job
  WHERE job."generation" = request."generation" AND job."dispatchedAt" IS NULL AND job."status" = 'queued'
), ended AS (
  SELECT request."id" FROM request
  LEFT JOIN LATERAL (SELECT "id" FROM "LiveJob" WHERE "id" = request."id" LIMIT 1) AS live ON true
  CROSS JOIN LATERAL (
    SELECT "generation", "withoutResult", "startedAt", "inLane" FROM "JobRecord"
    WHERE "id" = request."id" AND live."id" IS NULL LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
  ) AS job
  WHERE job."generation" = request."generation" AND job."withoutResult" IN ('cancelled', 'failed') AND job."startedAt" IS NULL
    AND NOT job."inLane"
), left_behind AS (
  UPDATE "JobRecord" SET "inLane" = true FROM ended WHERE "JobRecord"."id" = ended."id"
)
UPDATE "LiveJob" SET "dispatchedAt" = now() FROM noted WHERE "LiveJob"."id" = noted."id"
