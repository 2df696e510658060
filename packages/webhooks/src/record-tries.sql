-- Writes tries down and what follows from them. An endpoint that is gone (410), or whose every try has failed for
-- `disableAfterSeconds`, is disabled, with an alert.
-- $1: [{id, generation, tries, at, ms, httpStatus?, error?, body?, outcome: delivered | pending | failed, nextTryAt?, gone,
--       isTest, disableAfterSeconds}], each id once; tries: those before this one.
-- Rows: {endpointId, disabledReason} of endpoints disabled now. A try that a replay has made void is not written.
WITH request AS (
  SELECT * FROM jsonb_to_recordset($1::jsonb) AS r("id" text, "generation" int, "tries" int, "at" timestamptz, "ms" int,
    "httpStatus" int, "error" text, "body" text, "outcome" "DeliveryStatus", "nextTryAt" timestamptz, "gone" boolean,
    "isTest" boolean, "disableAfterSeconds" float8)
  -- Locked in one order everywhere, so that two batches can't wait for each other.
  ORDER BY "id"
), tried AS MATERIALIZED (
  SELECT request.*, delivery."endpointId", delivery."eventId" FROM request CROSS JOIN LATERAL (
    SELECT "generation", "tries", "endpointId", "eventId" FROM "Delivery"
    WHERE "id" = request."id" LIMIT 1 FOR NO KEY UPDATE
  ) AS delivery
  WHERE delivery."generation" = request."generation" AND delivery."tries" = request."tries"
), written AS (
  INSERT INTO "DeliveryTry" ("deliveryId", "generation", "number", "at", "ms", "httpStatus", "error", "body")
  SELECT "id", "generation", "tries" + 1, "at", "ms", "httpStatus", "error",
    -- A receiver may say again what it was sent: of a fan who was erased meanwhile that is not kept.
    CASE WHEN NOT EXISTS (
      SELECT FROM "Outbox" AS event JOIN "Job" AS job ON job."id" = event."jobId"
      WHERE event."id" = tried."eventId" AND job."erasedAt" IS NOT NULL
    ) THEN "body" END
  FROM tried
), moved AS (
  UPDATE "Delivery" SET
    -- What was given up meanwhile with its endpoint stays so, unless it did arrive.
    "status" = CASE WHEN "Delivery"."status" = 'pending' OR tried."outcome" = 'delivered' THEN tried."outcome" ELSE "Delivery"."status" END,
    "tries" = tried."tries" + 1,
    "nextTryAt" = CASE WHEN "Delivery"."status" = 'pending' THEN tried."nextTryAt" END,
    "claimedAt" = NULL,
    "deliveredAt" = CASE WHEN tried."outcome" = 'delivered' THEN now() END
  FROM tried
  WHERE "Delivery"."id" = tried."id"
), told AS (
  SELECT "endpointId", bool_or("outcome" = 'delivered') AS "well", bool_or("gone") AS "gone", min("at") AS "at",
    max("disableAfterSeconds") AS "disableAfterSeconds"
  FROM tried
  -- That a test fails says nothing of how long the endpoint has failed.
  WHERE NOT "isTest" OR "outcome" = 'delivered'
  GROUP BY "endpointId"
), judged AS MATERIALIZED (
  SELECT endpoint."id",
    CASE WHEN NOT told."well" OR told."gone" THEN coalesce(endpoint."failingSince", told."at") END AS "failingSince",
    CASE WHEN told."gone" THEN 'gone'
      WHEN NOT told."well" AND endpoint."failingSince" < now() - make_interval(secs => told."disableAfterSeconds") THEN 'failing'
    END AS "disabledReason"
  FROM "WebhookEndpoint" AS endpoint JOIN told ON told."endpointId" = endpoint."id"
  -- Most tries change nothing of their endpoint.
  WHERE endpoint."disabledAt" IS NULL AND (told."gone"
    OR (told."well" AND endpoint."failingSince" IS NOT NULL)
    OR (NOT told."well" AND (endpoint."failingSince" IS NULL
      OR endpoint."failingSince" < now() - make_interval(secs => told."disableAfterSeconds"))))
  ORDER BY endpoint."id"
  FOR NO KEY UPDATE OF endpoint
), changed AS (
  UPDATE "WebhookEndpoint" AS endpoint SET
    "failingSince" = judged."failingSince",
    "disabledAt" = CASE WHEN judged."disabledReason" IS NOT NULL THEN now() END,
    "disabledReason" = judged."disabledReason"
  FROM judged
  WHERE endpoint."id" = judged."id"
  RETURNING endpoint."id", endpoint."disabledReason", endpoint."disabledAt", endpoint."failingSince"
), alert AS (
  SELECT 'endpoint_disabled'::"AlertType" AS "type", NULL::text AS "creatorId", "id" || ':' || extract(epoch FROM "disabledAt") AS "key",
    jsonb_build_object('endpointId', "id", 'reason', "disabledReason",
      'failingSince', to_char("failingSince" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) AS "payload"
  FROM changed WHERE "disabledReason" IS NOT NULL
),
-- include ../../database/src/raise-alerts.sql
SELECT "id" AS "endpointId", "disabledReason" FROM changed WHERE "disabledReason" IS NOT NULL
