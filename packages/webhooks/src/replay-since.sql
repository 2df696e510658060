-- Begins all deliveries of an endpoint anew whose events happened since a time, and delivers those that it would have
-- wanted meanwhile: while it was disabled, or did not listen to them yet. The oldest first, `limit` at most.
-- $1: [{endpointId, since, limit}]. Rows: one, {deliveries, nextSince}: null where that was all.
WITH request AS (
  SELECT * FROM jsonb_to_recordset($1::jsonb) AS r("endpointId" text, "since" timestamptz, "limit" int)
), event AS MATERIALIZED (
  SELECT event.*, row_number() OVER (ORDER BY event."createdAt", event."id") AS "number"
  FROM request JOIN "WebhookEndpoint" AS endpoint ON endpoint."id" = request."endpointId"
  JOIN "Outbox" AS event ON event."createdAt" >= request."since"
    AND (understudy_endpoint_wants(endpoint, event."type", event."creatorId")
      -- What it was told before, but of no creator that it was narrowed away from.
      OR understudy_endpoint_hears_of(endpoint, event."creatorId")
        AND EXISTS (SELECT FROM "Delivery" WHERE "Delivery"."endpointId" = endpoint."id" AND "Delivery"."eventId" = event."id"))
    -- What is not published yet comes by itself.
    AND event."publishedAt" IS NOT NULL AND event."type" <> 'webhook.test'
  WHERE endpoint."disabledAt" IS NULL AND endpoint."deletedAt" IS NULL
  ORDER BY event."createdAt", event."id"
  LIMIT (SELECT "limit" + 1 FROM request)
), written AS (
  INSERT INTO "Delivery" AS delivery ("id", "endpointId", "eventId", "type", "creatorId")
  SELECT understudy_new_id('dlv'), request."endpointId", event."id", event."type", event."creatorId"
  FROM event, request WHERE event."number" <= request."limit"
  ON CONFLICT ("endpointId", "eventId") DO UPDATE SET "status" = 'pending', "generation" = delivery."generation" + 1,
    "tries" = 0, "nextTryAt" = now(), "claimedAt" = NULL, "deliveredAt" = NULL
  RETURNING "id"
)
SELECT (SELECT count(*)::int FROM written) AS "deliveries",
  (SELECT event."createdAt" FROM event, request WHERE event."number" > request."limit") AS "nextSince"
