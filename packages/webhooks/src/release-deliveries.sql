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
    -- One look into the index for each endpoint: of EXISTS Postgres makes a join, and reads all that is due.
    AND (SELECT true FROM "Delivery" WHERE "endpointId" = endpoint."id" AND "status" = 'pending'
      AND "dispatchedAt" IS NULL AND "nextTryAt" <= now() ORDER BY "nextTryAt" LIMIT 1)
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
-- By their ids alone: they are locked as they were found, and told more Postgres reads all that is due for each round.
UPDATE "Delivery" SET "dispatchedAt" = now() WHERE "id" = ANY (ARRAY(SELECT "id" FROM due))
RETURNING "id", "generation", "tries"
