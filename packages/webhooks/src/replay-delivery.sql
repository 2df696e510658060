-- Begins a delivery anew, under the same event id. $1: [{id}]. Rows: {isReplayed}: false where its endpoint is
-- disabled or deleted; none where there is no such delivery, or its endpoint hears of that creator no more.
WITH found AS (
  SELECT delivery."id", endpoint."disabledAt" IS NULL AND endpoint."deletedAt" IS NULL AS "isReplayed"
  FROM "Delivery" AS delivery JOIN "WebhookEndpoint" AS endpoint ON endpoint."id" = delivery."endpointId"
  WHERE delivery."id" = $1::jsonb -> 0 ->> 'id'
    AND (understudy_endpoint_hears_of(endpoint, delivery."creatorId") OR delivery."type" = 'webhook.test')
  FOR NO KEY UPDATE OF delivery
), again AS (
  UPDATE "Delivery" SET "status" = 'pending', "generation" = "generation" + 1, "tries" = 0, "nextTryAt" = now(),
    "claimedAt" = NULL, "deliveredAt" = NULL
  FROM found WHERE "Delivery"."id" = found."id" AND found."isReplayed"
)
SELECT "isReplayed" FROM found
