-- Ends calls: their real cost takes the place of their hold, and their answer is remembered as a finished
-- step, in one transaction. Safe to run twice. A call that was given up as unknown is settled late all the same.
-- $1: [{id, status ('settled' or 'released'), costUsd, inputTokens, cachedTokens, outputTokens, thoughtTokens,
--       usageMetadata?, estimated, serviceTier?, priceId?, provider?, finishReason?, httpStatus?, errorCode?,
--       modelVersion?, providerMessage?, providerWords?, stepResult?}], each id once; its first item has what posting.sql takes.
-- Rows: {id, creatorId, hasWaiters} of those ended by this statement, not earlier.
-- hasWaiters: jobs of the creator wait for room, and there is some now.
WITH answer AS (
  SELECT * FROM jsonb_to_recordset($1::jsonb) AS r("id" text, "status" "CallStatus", "costUsd" numeric,
    "inputTokens" int, "cachedTokens" int, "outputTokens" int, "thoughtTokens" int, "usageMetadata" jsonb,
    "estimated" boolean, "serviceTier" "ServiceTier", "priceId" int, "provider" "Provider",
    "finishReason" text, "httpStatus" int, "errorCode" text, "modelVersion" text, "providerMessage" text, "providerWords" jsonb,
    "stepResult" jsonb)
),
-- include ./settling.sql
, move AS (
  SELECT * FROM ending
),
-- include ./posting.sql
, alert AS (
  SELECT * FROM cost_alert UNION ALL SELECT * FROM crossing_alert
),
-- include ../../database/src/raise-alerts.sql
SELECT "id", "creatorId", EXISTS (
  SELECT FROM "Job"
  WHERE "Job"."creatorId" = before."creatorId" AND "Job"."status" = 'queued' AND "Job"."waitingFor" IN ('quota', 'paused')
) AS "hasWaiters"
FROM before JOIN ended USING ("id")
