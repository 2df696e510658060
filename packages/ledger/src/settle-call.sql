-- Ends a call: its real cost takes the place of its hold, and its answer is remembered as a finished step,
-- in one transaction. Safe to run twice. A call that was given up as unknown is settled late all the same.
-- $1: [{id, status ('settled' or 'released'), costUsd, inputTokens, cachedTokens, outputTokens, thoughtTokens,
--       usageMetadata?, estimated, serviceTier?, priceId?, model?, provider?, finishReason?, httpStatus?,
--       errorCode?, stepResult?}], one item.
-- Rows: one, {ended, holdUsd}. ended: by this statement, not earlier.
WITH answer AS (
  SELECT * FROM jsonb_to_recordset($1::jsonb) AS r("id" text, "status" "CallStatus", "costUsd" numeric,
    "inputTokens" int, "cachedTokens" int, "outputTokens" int, "thoughtTokens" int, "usageMetadata" jsonb,
    "estimated" boolean, "serviceTier" "ServiceTier", "priceId" int, "provider" "Provider",
    "finishReason" text, "httpStatus" int, "errorCode" text, "stepResult" jsonb)
), before AS (
  SELECT call.* FROM "UsageLog" AS call JOIN answer USING ("id")
  WHERE call."status" IN ('started', 'unknown')
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
    "settledAt" = now()
  FROM answer, before
  WHERE call."id" = before."id"
  RETURNING call."id"
), account AS (
  UPDATE "MonthlySpend" AS account SET
    "spentUsd" = account."spentUsd" + answer."costUsd",
    "heldUsd" = account."heldUsd" - CASE before."status" WHEN 'started' THEN before."holdUsd" ELSE 0 END,
    "unknownUsd" = account."unknownUsd" - CASE before."status" WHEN 'unknown' THEN before."holdUsd" ELSE 0 END
  FROM answer, before
  WHERE account."creatorId" = before."creatorId" AND account."month" = before."month"
), remembered AS (
  -- Only for the attempt that still owns the job: a late attempt's cost is recorded, its result is not.
  INSERT INTO "Step" ("jobId", "key", "agentId", "result")
  SELECT before."jobId", before."stepKey", before."agentId", answer."stepResult"
  FROM answer, before JOIN "Job" ON "Job"."id" = before."jobId"
  WHERE answer."stepResult" IS NOT NULL AND "Job"."attempt" = before."attempt" AND "Job"."status" = 'running'
  ON CONFLICT DO NOTHING
)
SELECT EXISTS (SELECT FROM ended) AS "ended", "UsageLog"."holdUsd" FROM answer JOIN "UsageLog" USING ("id")
