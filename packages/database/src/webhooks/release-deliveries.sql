-- Releases deliveries whose time has come to the queue: of each endpoint so many that it has at most `perEndpoint` under
-- way, or `perFailing` while its tries fail. So none can fill the queue, and nobody picks a delivery to put it back.
-- $1: [{perEndpoint, perFailing}]. Rows: {id, generation, tries} of those released now.
-- An endpoint that another worker releases for at this moment is left to it.
WITH bound AS (
  SELECT * FROM jsonb_to_recordset($1::jsonb) AS r("perEndpoint" int, "perFailing" int)
), endpoint AS MATERIALIZED (
  SELECT "id", CASE WHEN "failingSince" IS NULL THEN "perEndpoint" ELSE "perFailing" END
    - (SELECT count(*) FROM "Delivery" WHERE "endpointId" = endpoint."id" AND "status" = 'pending'
       AND "dispatchedAt" IS NOT NULL) AS "room"
  FROM "WebhookEndpoint" AS endpoint, bound
  WHERE "disabledAt" IS NULL AND "deletedAt" IS NULL
    AND EXISTS (SELECT FROM "Delivery" WHERE "endpointId" = endpoint."id" AND "status" = 'pending'
      AND "dispatchedAt" IS NULL AND "nextTryAt" <= now())
  FOR NO KEY UPDATE OF endpoint SKIP LOCKED
), due AS (
  SELECT delivery."id" FROM endpoint, LATERAL (
    SELECT "id" FROM "Delivery"
    WHERE "endpointId" = endpoint."id" AND "status" = 'pending' AND "dispatchedAt" IS NULL AND "nextTryAt" <= now()
    ORDER BY "nextTryAt"
    LIMIT greatest(endpoint."room", 0)
    FOR NO KEY UPDATE SKIP LOCKED
  ) AS delivery
)
UPDATE "Delivery" SET "dispatchedAt" = now()
WHERE "id" = ANY (ARRAY(SELECT "id" FROM due)) AND "status" = 'pending' AND "dispatchedAt" IS NULL
RETURNING "id", "generation", "tries"
