-- Settles calls and holds for another in one posting. $1: [{creatorId, holdUsd, answers: [as of write-attempts.sql]}], one item,
-- with what posting.sql takes. Rows: {id} of the hold, if there is no room for it.
WITH request AS (
  SELECT * FROM jsonb_to_recordset($1::jsonb) AS r("creatorId" text, "holdUsd" numeric, "answers" jsonb)
), answer AS (
  SELECT a.* FROM request CROSS JOIN jsonb_to_recordset("answers") AS a("id" text, "status" "CallStatus",
    "costUsd" numeric, "inputTokens" int, "cachedTokens" int, "outputTokens" int, "thoughtTokens" int, "usageMetadata" jsonb,
    "estimated" boolean, "serviceTier" "ServiceTier", "priceId" int, "provider" "Provider", "finishReason" text, "httpStatus" int,
    "errorCode" text, "modelVersion" text, "providerMessage" text, "providerWords" jsonb, "stepResult" jsonb)
),
-- include ../src/settling.sql
, move AS (
  SELECT * FROM ending
  UNION ALL
  SELECT 'new', "creatorId", NULL, date_trunc('month', now() AT TIME ZONE 'UTC')::date, NULL, NULL, 'started', NULL, "holdUsd", 0, true
  FROM request
),
-- include ../src/posting.sql
, alert AS (
  SELECT * FROM crossing_alert
),
-- include ../../database/src/raise-alerts.sql
SELECT "id" FROM refused
