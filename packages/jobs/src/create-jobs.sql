-- Writes jobs down, each unless its creator is unknown, what is spent leaves no room for it, or its idempotency key stands
-- for another already.
-- $1: [{id, agent, creatorId, createCreator, apiKeyId?, fanId?, feature, model, input, inputBytes, metadata?, callbackUrl?,
--       callbackEndpointId?, priority, notBefore?, expiresAt?, traceparent?, requiredUsd, platformQuotaUsd?,
--       idempotency?: {ownerId, key, fingerprint}}]
-- createCreator: whether a creator that is not known yet is created, with the default plan.
-- requiredUsd: the worst case of all calls that the job can't do without. Holds do not count here: a job that
-- only they keep out waits for them. platformQuotaUsd: the same for all.
-- Rows: one for each: {id, createdAt, isKnown, terms (of its lane)} and the figures of RoomFigures, whose accounts are told only
-- where there is no room: [{kind, boundUsd, spentUsd, heldUsd, unknownUsd}]. createdAt is null where it was not
-- written: for want of room, if the creator isKnown; else there was room, and its key stands for another job.
WITH request AS (
  SELECT *, date_trunc('month', now()::timestamptz(3) AT TIME ZONE 'UTC')::date AS "month"
  FROM jsonb_to_recordset($1::jsonb) AS r(
    "id" text, "agent" text, "creatorId" text, "createCreator" boolean, "apiKeyId" text, "fanId" text, "feature" text,
    "model" text, "input" jsonb, "inputBytes" int, "metadata" jsonb, "callbackUrl" text, "callbackEndpointId" text, "priority" int, "notBefore" timestamptz, "expiresAt" timestamptz, "traceparent" text,
    "requiredUsd" numeric, "platformQuotaUsd" numeric, "idempotency" jsonb)
), created AS (
  -- In one order everywhere, so that two batches can't wait for each other.
  INSERT INTO "Creator" ("id")
  SELECT DISTINCT "creatorId" FROM request WHERE "createCreator" ORDER BY 1
  ON CONFLICT DO NOTHING
), known AS (
  SELECT request.*,
    request."createCreator" OR (creator."row")."id" IS NOT NULL AS "isKnown",
    "Plan"."name" AS "plan",
    understudy_lane_terms(creator."row", "Plan") AS "terms",
    coalesce((creator."row")."quotaUsd", "Plan"."quotaUsd") AS "quotaUsd",
    key."budgetUsd"
  FROM request
  LEFT JOIN LATERAL (
    SELECT "Creator" AS "row" FROM "Creator" WHERE "id" = request."creatorId" LIMIT 1
  ) AS creator ON true
  -- A creator that is created by this statement has the default plan.
  JOIN "Plan" ON "Plan"."name" = coalesce((creator."row")."planName", 'starter')
  LEFT JOIN LATERAL (SELECT "budgetUsd" FROM "ApiKey" WHERE "id" = request."apiKeyId" LIMIT 1) AS key ON true
), payer AS (
  SELECT known."id" AS "jobId", known."requiredUsd", payer."id", payer."kind",
    CASE payer."kind" WHEN 'creator_month' THEN known."quotaUsd" WHEN 'key' THEN known."budgetUsd" ELSE known."platformQuotaUsd" END AS "boundUsd"
  FROM known CROSS JOIN LATERAL understudy_payers(known."creatorId", known."apiKeyId", known."month") AS payer
), account AS (
  SELECT payer."jobId", payer."requiredUsd", payer."kind", payer."boundUsd", coalesce(account."usedUsd", 0) AS "usedUsd",
    coalesce(account."spentUsd", 0) AS "spentUsd", coalesce(account."heldUsd", 0) AS "heldUsd", coalesce(account."unknownUsd", 0) AS "unknownUsd"
  FROM payer LEFT JOIN LATERAL (SELECT * FROM "Account" WHERE "id" = payer."id" LIMIT 1) AS account ON true
), full_for AS (
  SELECT DISTINCT "jobId" FROM account WHERE "usedUsd" + "requiredUsd" > "boundUsd"
), fitting AS (
  SELECT * FROM known WHERE "isKnown" AND NOT EXISTS (SELECT FROM full_for WHERE full_for."jobId" = known."id")
), keyed AS (
  -- Whoever comes with the same key meanwhile waits here until this is committed, and then writes nothing.
  INSERT INTO "IdempotencyRecord" AS record ("ownerId", "key", "fingerprint", "jobId")
  SELECT DISTINCT ON ("ownerId", "key") "ownerId", "key", "fingerprint", fitting."id"
  FROM fitting CROSS JOIN jsonb_to_record(fitting."idempotency") AS i("ownerId" text, "key" text, "fingerprint" text)
  WHERE fitting."idempotency" IS NOT NULL
  ORDER BY "ownerId", "key", fitting."id"
  ON CONFLICT ("ownerId", "key") DO UPDATE SET
    "fingerprint" = excluded."fingerprint", "jobId" = excluded."jobId", "admission" = NULL, "expiresAt" = excluded."expiresAt"
  WHERE record."expiresAt" <= now()
  RETURNING "jobId"
), written AS (
  INSERT INTO "JobRecord" ("id", "agent", "creatorId", "apiKeyId", "fanId", "feature", "model", "input", "inputBytes", "metadata", "callbackUrl",
                           "callbackEndpointId", "priority", "notBefore", "expiresAt", "traceparent")
  SELECT "id", "agent", "creatorId", "apiKeyId", "fanId", "feature", "model", "input", "inputBytes", "metadata", "callbackUrl",
         "callbackEndpointId", "priority", "notBefore", "expiresAt", "traceparent"
  FROM fitting
  WHERE "idempotency" IS NULL OR "id" IN (SELECT "jobId" FROM keyed)
  RETURNING "id", "agent", "creatorId", "apiKeyId", "priority", "inputBytes", "notBefore", "expiresAt", "createdAt"
), queued AS (
  INSERT INTO "LiveJob" ("id", "agent", "creatorId", "apiKeyId", "priority", "inputBytes", "notBefore", "expiresAt", "createdAt", "runAt")
  SELECT written.*,
    -- What must not start within 30 days waits here: no key of Redis lives much longer.
    CASE WHEN "notBefore" > now() + interval '30 days' THEN "notBefore" - interval '30 days' END
  FROM written
)
SELECT known."id", written."createdAt", "isKnown", "terms", "requiredUsd", ("month" + interval '1 month') AT TIME ZONE 'UTC' AS "resetsAt",
  "plan", coalesce(refusal."accounts", '[]') AS "accounts"
FROM known
LEFT JOIN written USING ("id")
LEFT JOIN (
  SELECT "jobId", jsonb_agg(jsonb_build_object('kind', "kind", 'boundUsd', "boundUsd"::text, 'spentUsd', "spentUsd"::text,
    'heldUsd', "heldUsd"::text, 'unknownUsd', "unknownUsd"::text) ORDER BY "kind") AS "accounts"
  FROM account JOIN full_for USING ("jobId")
  GROUP BY "jobId"
) AS refusal ON refusal."jobId" = known."id"
