-- Ends calls by their answers. To be included in a WITH list before posting.sql, after `answer` {id, status, costUsd,
-- …}, each id once, as write-attempts.sql names them.
-- Gives `before`: the calls as they were, of those that had not ended yet; `ended` {id}; `ending`: their moves for the posting;
-- `cost_alert`: alerts to be raised.
before AS (
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
), ending AS (
  SELECT "id", before."creatorId", before."apiKeyId", before."month", before."status" AS "wasStatus", before."costUsd" AS "wasCostUsd",
    answer."status", answer."costUsd", before."holdUsd", 0 AS "reserveUsd", false AS "needsRoom"
  FROM before JOIN answer USING ("id")
), cost_alert AS (
  SELECT 'cost_above_hold'::"AlertType" AS "type", before."creatorId", before."id" AS "key",
    jsonb_build_object('callId', before."id", 'costUsd', trim_scale(answer."costUsd")::text,
      'holdUsd', trim_scale(before."holdUsd")::text) AS "payload"
  FROM before JOIN answer USING ("id")
  WHERE answer."costUsd" > before."holdUsd"
)
