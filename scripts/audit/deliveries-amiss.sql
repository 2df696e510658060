-- Deliveries that nobody will try, or tell the end of.
-- $1: [{month?, creatorId?, minutes, limit}], one item: that were written in that month, of that creator. minutes: what is under way for
-- longer is not being repaired.
-- Rows: {what, whose, is, shouldBe}, `limit` at most.
SELECT 'delivery_half_open' AS "what", delivery."id" || ' to ' || delivery."endpointId" AS "whose",
  'pending, ' || CASE
    WHEN delivery."claimedAt" IS NOT NULL THEN 'claimed at ' || to_char(delivery."claimedAt" AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')
    WHEN delivery."nextTryAt" IS NULL THEN 'and has no time for its next try'
    ELSE 'to an endpoint that is gone' END AS "is",
  'delivered, failed, or waiting for a time' AS "shouldBe"
FROM "Delivery" AS delivery
LEFT JOIN "WebhookEndpoint" AS endpoint ON endpoint."id" = delivery."endpointId"
CROSS JOIN LATERAL (SELECT now() - make_interval(mins => ($1::jsonb -> 0 ->> 'minutes')::int)) AS long("ago")
WHERE delivery."status" = 'pending'
  AND (delivery."claimedAt" < "ago" OR delivery."claimedAt" IS NULL AND delivery."nextTryAt" IS NULL
    OR least(endpoint."disabledAt", endpoint."deletedAt") < "ago" AND delivery."createdAt" < "ago")
  AND ($1::jsonb -> 0 ->> 'creatorId' IS NULL OR delivery."creatorId" = $1::jsonb -> 0 ->> 'creatorId')
  AND ($1::jsonb -> 0 ->> 'month' IS NULL
    OR delivery."createdAt" >= (($1::jsonb -> 0 ->> 'month') || '-01')::timestamp AT TIME ZONE 'UTC'
      AND delivery."createdAt" < ((($1::jsonb -> 0 ->> 'month') || '-01')::timestamp + interval '1 month') AT TIME ZONE 'UTC')
ORDER BY delivery."id"
LIMIT ($1::jsonb -> 0 ->> 'limit')::int
