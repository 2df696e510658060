-- Ends calls by their answers. To be included in a WITH list before posting.sql, after `answer` {id, status, costUsd,
-- …}, each id once, as write-attempts.sql names them.
-- Gives `before`: the answers of calls that had not ended yet, with what those were; `ending`: their moves for the posting;
-- `cost_alert`: alerts to be raised.
known_call AS MATERIALIZED (
  SELECT answer.*, call."jobId", call."attempt", call."stepKey", call."agentId", call."creatorId", call."apiKeyId", call."month",
    call."holdUsd", call."status" AS "wasStatus", call."costUsd" AS "wasCostUsd"
  -- Locked in one order everywhere, here and below, so that two batches can't wait for each other.
  FROM (SELECT * FROM answer ORDER BY "id") AS answer CROSS JOIN LATERAL (
    SELECT * FROM "UsageLog" WHERE "id" = answer."id" LIMIT 1 FOR UPDATE
  ) AS call
), before AS (
  -- Not ended is what has no cost. Asked apart: so Postgres expects one, and changes each by its key.
  SELECT * FROM known_call WHERE "wasCostUsd" IS NULL
), ended AS (
  UPDATE "UsageLog" AS call SET
    "status" = before."status",
    "costUsd" = before."costUsd",
    "inputTokens" = before."inputTokens",
    "cachedTokens" = before."cachedTokens",
    "outputTokens" = before."outputTokens",
    "thoughtTokens" = before."thoughtTokens",
    "usageMetadata" = before."usageMetadata",
    "estimated" = before."estimated",
    "serviceTier" = coalesce(before."serviceTier", call."serviceTier"),
    "priceId" = coalesce(before."priceId", call."priceId"),
    "provider" = before."provider",
    "finishReason" = before."finishReason",
    "httpStatus" = before."httpStatus",
    "errorCode" = before."errorCode",
    "modelVersion" = before."modelVersion",
    "providerMessage" = before."providerMessage",
    "providerWords" = before."providerWords",
    "settledAt" = now()
  FROM before
  WHERE call."id" = before."id"
), ending AS (
  SELECT "id", "creatorId", "apiKeyId", "month", "wasStatus", "wasCostUsd", "status", "costUsd", "holdUsd",
    0 AS "reserveUsd", false AS "needsRoom"
  FROM before
), cost_alert AS (
  SELECT 'cost_above_hold'::"AlertType" AS "type", "creatorId", "id" AS "key",
    jsonb_build_object('callId', "id", 'costUsd', trim_scale("costUsd")::text, 'holdUsd', trim_scale("holdUsd")::text) AS "payload"
  FROM before
  WHERE "costUsd" > "holdUsd"
)
