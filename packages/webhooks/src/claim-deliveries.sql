-- Takes deliveries whose time has come for a worker that has room for `limit`: of each endpoint so many that it has at most
-- `perEndpoint` under way, or `perFailing` while its tries fail, and no more than its share of that room. They are the worker's for
-- `leaseSeconds`; what it has not recorded by then is due again. $1: [{limit, perEndpoint, perFailing, leaseSeconds}].
-- Rows, all that a try needs to know: {id, generation, tries, eventId, type, payload, eventAt, jobId, endpointId, url, secret,
-- secretKeyId, previousSecret, previousSecretKeyId, traceparent (of its job)}; secrets as they are stored.
-- An endpoint that another worker takes from at this moment is left to it.
WITH request AS (
  SELECT * FROM jsonb_to_recordset($1::jsonb) AS r("limit" int, "perEndpoint" int, "perFailing" int, "leaseSeconds" float8)
), endpoint AS MATERIALIZED (
  SELECT endpoint.*, CASE WHEN "failingSince" IS NULL THEN "perEndpoint" ELSE "perFailing" END
    - (SELECT count(*) FROM "Delivery" WHERE "endpointId" = endpoint."id" AND "status" = 'pending'
       AND "claimedAt" IS NOT NULL AND "nextTryAt" > now()) AS "room"
  FROM "WebhookEndpoint" AS endpoint, request
  WHERE "disabledAt" IS NULL AND "deletedAt" IS NULL
    -- One look into the index for each endpoint: of EXISTS Postgres makes a join, and reads all that is due.
    AND (SELECT true FROM "Delivery" WHERE "endpointId" = endpoint."id" AND "status" = 'pending'
      AND "nextTryAt" <= now() ORDER BY "nextTryAt" LIMIT 1)
  FOR NO KEY UPDATE OF endpoint SKIP LOCKED
), due AS (
  SELECT delivery."id" FROM endpoint, LATERAL (
    SELECT "id", "nextTryAt" FROM "Delivery"
    WHERE "endpointId" = endpoint."id" AND "status" = 'pending' AND "nextTryAt" <= now()
    ORDER BY "nextTryAt"
    LIMIT greatest(0, least(endpoint."room", greatest(1, (SELECT "limit" FROM request) / (SELECT count(*) FROM endpoint))))
    FOR NO KEY UPDATE SKIP LOCKED
  ) AS delivery
  ORDER BY delivery."nextTryAt"
  LIMIT (SELECT "limit" FROM request)
), claimed AS (
  -- By their ids alone: they are locked as they were found, and told more Postgres reads all that is due for each round.
  UPDATE "Delivery" SET "claimedAt" = now(), "nextTryAt" = now() + make_interval(secs => (SELECT "leaseSeconds" FROM request))
  WHERE "id" = ANY (ARRAY(SELECT "id" FROM due))
  RETURNING "id", "generation", "tries", "eventId", "type", "endpointId", "url"
)
SELECT claimed."id", claimed."generation", claimed."tries", claimed."eventId", claimed."type", event."payload",
  event."createdAt" AS "eventAt", event."jobId", claimed."endpointId", coalesce(claimed."url", endpoint."url") AS "url",
  endpoint."secret", endpoint."secretKeyId",
  CASE WHEN endpoint."previousSecretUntil" > now() THEN endpoint."previousSecret" END AS "previousSecret",
  endpoint."previousSecretKeyId",
  (SELECT "traceparent" FROM "Job" WHERE "Job"."id" = event."jobId") AS "traceparent"
FROM claimed JOIN endpoint ON endpoint."id" = claimed."endpointId"
CROSS JOIN LATERAL (SELECT * FROM "Outbox" WHERE "id" = claimed."eventId" LIMIT 1) AS event
