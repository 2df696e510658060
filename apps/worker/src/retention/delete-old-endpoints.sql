-- Deletes endpoints that were taken away more than `days` days ago, when nothing is kept of them any more.
-- $1: [{days, limit}]. Rows: {id}.
DELETE FROM "WebhookEndpoint" WHERE "id" = ANY (ARRAY(
  SELECT endpoint."id" FROM "WebhookEndpoint" AS endpoint
  WHERE endpoint."deletedAt" < now() - make_interval(days => ($1::jsonb -> 0 ->> 'days')::int)
    AND NOT EXISTS (SELECT FROM "Delivery" WHERE "Delivery"."endpointId" = endpoint."id")
  LIMIT ($1::jsonb -> 0 ->> 'limit')::int
  FOR UPDATE SKIP LOCKED
))
RETURNING "id"
