-- What a try needs to know of its delivery, event and endpoint. $1: [{id, generation, tries}], each id once.
-- Rows: {id, generation, tries, eventId, type, payload, eventAt, jobId, endpointId, url, secret, secretKeyId, previousSecret,
-- previousSecretKeyId, traceparent (of its job)}; secrets as they are stored. None where that try was made, or a replay or the end
-- of its endpoint has made it void.
WITH request AS (
  SELECT * FROM jsonb_to_recordset($1::jsonb) AS r("id" text, "generation" int, "tries" int)
), delivery AS MATERIALIZED (
  SELECT "Delivery".* FROM "Delivery" JOIN request USING ("id", "generation", "tries")
  WHERE "Delivery"."status" = 'pending'
    -- Says nothing new: without it Postgres, which takes any batch for a hundred items, reads the whole table.
    AND "Delivery"."id" = ANY (ARRAY(SELECT "id" FROM request))
)
SELECT delivery."id", delivery."generation", delivery."tries", delivery."eventId", delivery."type", event."payload",
  event."createdAt" AS "eventAt", event."jobId", endpoint."id" AS "endpointId", coalesce(delivery."url", endpoint."url") AS "url",
  endpoint."secret", endpoint."secretKeyId",
  CASE WHEN endpoint."previousSecretUntil" > now() THEN endpoint."previousSecret" END AS "previousSecret",
  endpoint."previousSecretKeyId",
  (SELECT "traceparent" FROM "Job" WHERE "Job"."id" = event."jobId") AS "traceparent"
FROM delivery
JOIN "Outbox" AS event ON event."id" = delivery."eventId" AND event."id" = ANY (ARRAY(SELECT "eventId" FROM delivery))
JOIN "WebhookEndpoint" AS endpoint ON endpoint."id" = delivery."endpointId"
WHERE endpoint."disabledAt" IS NULL AND endpoint."deletedAt" IS NULL
