-- What a try needs to know of its delivery, event and endpoint. $1: [{id, generation, tries}], each id once.
-- Rows: {id, generation, tries, eventId, type, payload, eventAt, jobId, endpointId, url, secret, secretKeyId, previousSecret,
-- previousSecretKeyId, traceparent (of its job)}; secrets as they are stored. None where that try was made, or a replay or the end
-- of its endpoint has made it void.
SELECT request."id", request."generation", request."tries", delivery."eventId", delivery."type", event."payload",
  event."createdAt" AS "eventAt", event."jobId", endpoint."id" AS "endpointId", coalesce(delivery."url", endpoint."url") AS "url",
  endpoint."secret", endpoint."secretKeyId",
  CASE WHEN endpoint."previousSecretUntil" > now() THEN endpoint."previousSecret" END AS "previousSecret",
  endpoint."previousSecretKeyId",
  (SELECT "traceparent" FROM "Job" WHERE "Job"."id" = event."jobId") AS "traceparent"
FROM jsonb_to_recordset($1::jsonb) AS request("id" text, "generation" int, "tries" int)
CROSS JOIN LATERAL (SELECT * FROM "Delivery" WHERE "id" = request."id" LIMIT 1) AS delivery
CROSS JOIN LATERAL (SELECT * FROM "Outbox" WHERE "id" = delivery."eventId" LIMIT 1) AS event
CROSS JOIN LATERAL (SELECT * FROM "WebhookEndpoint" WHERE "id" = delivery."endpointId" LIMIT 1) AS endpoint
WHERE delivery."generation" = request."generation" AND delivery."tries" = request."tries" AND delivery."status" = 'pending'
  AND endpoint."disabledAt" IS NULL AND endpoint."deletedAt" IS NULL
