-- Gives back what jobs that run no more still hold for calls that they did not make.
-- $1: [{jobIds?, limit}], one item, with what posting.sql takes: those jobs, else any. Rows: {id, creatorId, releasedUsd}.
WITH request AS (
  SELECT * FROM jsonb_to_recordset($1::jsonb) AS r("jobIds" jsonb, "limit" int)
), waiting AS (
  SELECT live."id", live."creatorId", live."apiKeyId", live."heldUsd", live."heldMonth" AS "month"
  FROM "LiveJob" AS live, request
  WHERE live."idleHoldUsd" IS NOT NULL AND (request."jobIds" IS NULL OR request."jobIds" ? live."id")
  ORDER BY live."id"
  LIMIT (SELECT "limit" FROM request)
  FOR NO KEY UPDATE OF live SKIP LOCKED
), ended AS (
  SELECT job."id", job."creatorId", job."apiKeyId", job."heldUsd", job."heldMonth" AS "month"
  FROM "JobRecord" AS job, request
  WHERE job."heldUsd" > 0 AND (request."jobIds" IS NULL OR request."jobIds" ? job."id")
  ORDER BY job."id"
  LIMIT (SELECT "limit" FROM request)
  FOR NO KEY UPDATE OF job SKIP LOCKED
), freed AS (
  UPDATE "LiveJob" SET "heldUsd" = 0, "heldMonth" = NULL FROM waiting WHERE "LiveJob"."id" = waiting."id"
), freed_of_ended AS (
  UPDATE "JobRecord" SET "heldUsd" = 0, "heldMonth" = NULL FROM ended WHERE "JobRecord"."id" = ended."id"
), holder AS (
  SELECT * FROM waiting UNION ALL SELECT * FROM ended
), move AS (
  SELECT "id", "creatorId", "apiKeyId", "month", NULL::"CallStatus" AS "wasStatus", NULL::numeric AS "wasCostUsd",
    NULL::"CallStatus" AS "status", NULL::numeric AS "costUsd", 0 AS "holdUsd", -"heldUsd" AS "reserveUsd", false AS "needsRoom"
  FROM holder
),
-- include ./posting.sql
SELECT "id", "creatorId", "heldUsd" AS "releasedUsd" FROM holder
