-- Gives up what waits for endpoints that are disabled or deleted. $1: [{limit}]. Rows: {id}.
UPDATE "Delivery" SET "status" = 'failed', "nextTryAt" = NULL, "claimedAt" = NULL
WHERE "status" = 'pending' AND "id" = ANY (ARRAY(
  SELECT delivery."id" FROM "WebhookEndpoint" AS endpoint, LATERAL (
    SELECT "id" FROM "Delivery" WHERE "endpointId" = endpoint."id" AND "status" = 'pending'
    FOR NO KEY UPDATE SKIP LOCKED
  ) AS delivery
  WHERE endpoint."disabledAt" IS NOT NULL OR endpoint."deletedAt" IS NOT NULL
  LIMIT ($1::jsonb -> 0 ->> 'limit')::int
))
RETURNING "id"
