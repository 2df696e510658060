-- Ends calls: their real cost takes the place of their hold, and their answer is remembered as a finished
-- step, in one transaction. Safe to run twice. A call that was given up as unknown is settled late all the same.
-- $1: [{id, status ('settled' or 'released'), costUsd, inputTokens, cachedTokens, outputTokens, thoughtTokens,
--       usageMetadata?, estimated, serviceTier?, priceId?, provider?, finishReason?, httpStatus?, errorCode?,
--       modelVersion?, providerMessage?, providerWords?, stepResult?}], each id once.
-- Rows: {id, creatorId, hasWaiters} of those ended by this statement, not earlier.
-- hasWaiters: jobs of the creator wait for room, and there is some now.
WITH answer AS (
  SELECT * FROM jsonb_to_recordset($1::jsonb) AS r("id" text, "status" "CallStatus", "costUsd" numeric,
    "inputTokens" int, "cachedTokens" int, "outputTokens" int, "thoughtTokens" int, "usageMetadata" jsonb,
    "estimated" boolean, "serviceTier" "ServiceTier", "priceId" int, "provider" "Provider",
    "finishReason" text, "httpStatus" int, "errorCode" text, "modelVersion" text, "providerMessage" text, "providerWords" jsonb,
    "stepResult" jsonb)
), before AS (
  SELECT call.* FROM "UsageLog" AS call JOIN answer USING ("id")
  WHERE call."status" IN ('started', 'unknown')
    -- Says nothing new: without it Postgres, which takes any batch for a hundred items, reads the whole table.
    AND call."id" = ANY (ARRAY(SELECT "id" FROM answer))
  -- In one order everywhere, here and below, so that two batches can't wait for each other.
  ORDER BY call."id"
  FOR UPDATE OF call
), ended AS (
  UPDATE "UsageLog" AS call SET
    "status" = answer."status",
    "costUsd" = answer."costUsd",
    "inputTokens" = answer."inputTokens",
    "cachedTokens" = answer."cachedTokens",
    "outputTokens" = answer."outputTokens",
    "thoughtTokens" = answer."thoughtTokens",
    "usageMetadata" = answer."usageMetadata",
    "estimated" = answer."estimated",
    "serviceTier" = coalesce(answer."serviceTier", call."serviceTier"),
    "priceId" = coalesce(answer."priceId", call."priceId"),
    "provider" = answer."provider",
    "finishReason" = answer."finishReason",
    "httpStatus" = answer."httpStatus",
    "errorCode" = answer."errorCode",
    "modelVersion" = answer."modelVersion",
    "providerMessage" = answer."providerMessage",
    "providerWords" = answer."providerWords",
    "settledAt" = now()
  FROM before JOIN answer USING ("id")
  WHERE call."id" = before."id"
  RETURNING call."id"
), change AS (
  SELECT before."creatorId", before."month",
    sum(answer."costUsd") AS "costUsd",
    sum(CASE before."status" WHEN 'started' THEN before."holdUsd" ELSE 0 END) AS "heldUsd",
    sum(CASE before."status" WHEN 'unknown' THEN before."holdUsd" ELSE 0 END) AS "unknownUsd"
  FROM before JOIN answer USING ("id")
  GROUP BY before."creatorId", before."month"
), key_balance AS (
  SELECT key."id", change.*,
    key."spentUsd" + change."costUsd" AS "spentAfterUsd",
    key."heldUsd" - change."heldUsd" AS "heldAfterUsd",
    key."unknownUsd" - change."unknownUsd" AS "unknownAfterUsd"
  FROM "ApiKey" AS key JOIN (
    SELECT before."apiKeyId",
      sum(answer."costUsd") AS "costUsd",
      sum(CASE before."status" WHEN 'started' THEN before."holdUsd" ELSE 0 END) AS "heldUsd",
      sum(CASE before."status" WHEN 'unknown' THEN before."holdUsd" ELSE 0 END) AS "unknownUsd"
    FROM before JOIN answer USING ("id")
    GROUP BY before."apiKeyId"
  ) AS change ON change."apiKeyId" = key."id"
  ORDER BY key."id"
  FOR UPDATE OF key
), balance AS (
  -- Worked out from the account as it is when its lock is had. An UPDATE alone tries the CHECK constraints on
  -- the row as this statement first saw it, where the hold of a call given up since is not unknown yet.
  SELECT "creatorId", "month",
    account."spentUsd" + change."costUsd" AS "spentUsd",
    account."heldUsd" - change."heldUsd" AS "heldUsd",
    account."unknownUsd" - change."unknownUsd" AS "unknownUsd"
  FROM "MonthlySpend" AS account JOIN change USING ("creatorId", "month")
  WHERE "creatorId" = ANY (ARRAY(SELECT "creatorId" FROM change))
    -- Keys are locked before accounts, as everywhere.
    AND (SELECT count(*) FROM key_balance) >= 0
  ORDER BY "creatorId", "month"
  FOR UPDATE OF account
), account AS (
  UPDATE "MonthlySpend" AS account SET
    "spentUsd" = balance."spentUsd",
    "heldUsd" = balance."heldUsd",
    "unknownUsd" = balance."unknownUsd"
  FROM balance
  WHERE account."creatorId" = balance."creatorId" AND account."month" = balance."month"
), key_account AS (
  UPDATE "ApiKey" SET "spentUsd" = "spentAfterUsd", "heldUsd" = "heldAfterUsd", "unknownUsd" = "unknownAfterUsd"
  FROM key_balance WHERE "ApiKey"."id" = key_balance."id"
), remembered AS (
  -- Only for the attempt that still owns the job: a late attempt's cost is recorded, its result is not.
  INSERT INTO "Step" ("jobId", "key", "agentId", "result")
  SELECT before."jobId", before."stepKey", before."agentId", answer."stepResult"
  FROM before
  JOIN answer USING ("id")
  JOIN "Job" ON "Job"."id" = before."jobId" AND "Job"."attempt" = before."attempt"
    -- As text, so that Postgres looks by id: not through the index of all that run, and of all that did since a vacuum.
    AND "Job"."status"::text = 'running' AND "Job"."id" = ANY (ARRAY(SELECT "jobId" FROM before))
  WHERE answer."stepResult" IS NOT NULL
  ON CONFLICT DO NOTHING
), alert AS (
  SELECT 'cost_above_hold'::"AlertType" AS "type", before."creatorId", before."id" AS "key",
    jsonb_build_object('callId', before."id", 'costUsd', trim_scale(answer."costUsd")::text,
      'holdUsd', trim_scale(before."holdUsd")::text) AS "payload"
  FROM before JOIN answer USING ("id")
  WHERE answer."costUsd" > before."holdUsd"
),
-- include ../../database/src/raise-alerts.sql
SELECT "id", "creatorId", EXISTS (
  SELECT FROM "Job"
  WHERE "Job"."creatorId" = before."creatorId" AND "Job"."status" = 'queued' AND "Job"."waitingFor" IN ('quota', 'paused')
) AS "hasWaiters"
FROM before JOIN ended USING ("id")
