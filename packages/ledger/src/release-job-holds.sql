-- Gives back what jobs that run no more still hold for calls that they did not make.
-- $1: [{jobIds?, limit}]: those jobs, else any. Rows: {id, creatorId, releasedUsd}.
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
), key_balance AS (
  SELECT key."id", key."heldUsd" - change."heldUsd" AS "heldUsd"
  FROM "ApiKey" AS key JOIN (
    SELECT "apiKeyId", sum("heldUsd") AS "heldUsd" FROM holder GROUP BY "apiKeyId"
  ) AS change ON change."apiKeyId" = key."id"
  ORDER BY key."id"
  FOR UPDATE OF key
), balance AS (
  SELECT account."creatorId", account."month", account."heldUsd" - change."heldUsd" AS "heldUsd"
  FROM "MonthlySpend" AS account JOIN (
    SELECT "creatorId", "month", sum("heldUsd") AS "heldUsd" FROM holder GROUP BY "creatorId", "month"
  ) AS change USING ("creatorId", "month")
  -- Keys are locked before accounts, as everywhere.
  WHERE (SELECT count(*) FROM key_balance) >= 0
  ORDER BY account."creatorId", account."month"
  FOR UPDATE OF account
), account AS (
  UPDATE "MonthlySpend" AS account SET "heldUsd" = balance."heldUsd" FROM balance
  WHERE account."creatorId" = balance."creatorId" AND account."month" = balance."month"
), key_account AS (
  UPDATE "ApiKey" SET "heldUsd" = key_balance."heldUsd" FROM key_balance WHERE "ApiKey"."id" = key_balance."id"
)
SELECT "id", "creatorId", "heldUsd" AS "releasedUsd" FROM holder
