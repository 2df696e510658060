-- Gives back what jobs that run no more still hold for calls that they did not make.
-- $1: [{jobIds?, limit}], one item, with what posting.sql takes: those jobs, else any. Rows: {id, creatorId, releasedUsd}.
WITH request AS (
  SELECT * FROM jsonb_to_recordset($1::jsonb) AS r("jobIds" jsonb, "limit" int)
), holder AS (
  SELECT "Job"."id", "Job"."creatorId", "Job"."apiKeyId", "Job"."heldUsd", "Job"."heldMonth" AS "month"
  FROM "Job", request
  WHERE "Job"."heldUsd" > 0 AND "Job"."status" <> 'running'
    AND (request."jobIds" IS NULL OR request."jobIds" ? "Job"."id")
  ORDER BY "Job"."id"
  LIMIT (SELECT "limit" FROM request)
  FOR NO KEY UPDATE OF "Job" SKIP LOCKED
), freed AS (
  UPDATE "Job" SET "heldUsd" = 0, "heldMonth" = NULL FROM holder WHERE "Job"."id" = holder."id"
), move AS (
  SELECT "id", "creatorId", "apiKeyId", "month", NULL::"CallStatus" AS "wasStatus", NULL::numeric AS "wasCostUsd",
    NULL::"CallStatus" AS "status", NULL::numeric AS "costUsd", 0 AS "holdUsd", -"heldUsd" AS "reserveUsd", false AS "needsRoom"
  FROM holder
),
-- include ./posting.sql
SELECT "id", "creatorId", "heldUsd" AS "releasedUsd" FROM holder
