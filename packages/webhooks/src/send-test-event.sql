-- Sends a test event to one endpoint. $1: [{endpointId, eventId, type}].
-- Rows: {deliveryId}; none where the endpoint is disabled, deleted or unknown.
WITH request AS (
  SELECT * FROM jsonb_to_recordset($1::jsonb) AS r("endpointId" text, "eventId" text, "type" text)
), event AS (
  INSERT INTO "Outbox" ("id", "type", "payload", "publishedAt")
  SELECT request."eventId", request."type", jsonb_build_object('endpointId', endpoint."id"), now()
  FROM request JOIN "WebhookEndpoint" AS endpoint ON endpoint."id" = request."endpointId"
  WHERE endpoint."disabledAt" IS NULL AND endpoint."deletedAt" IS NULL
  RETURNING "id", "type"
)
INSERT INTO "Delivery" ("id", "endpointId", "eventId", "type")
SELECT understudy_new_id('dlv'), request."endpointId", event."id", event."type" FROM event, request
RETURNING "id" AS "deliveryId"
