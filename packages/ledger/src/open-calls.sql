-- Writes calls down before they are made, and reserves their holds: for each call both or neither.
-- $1: [{id, jobId, attempt, stepKey, creatorId, agentId, feature, model, serviceTier, priceId, holdUsd,
--       timeoutSeconds}], each creator once.
-- Rows: one for each item, {id, owned, fits, quotaUsd, spentUsd, heldUsd, unknownUsd, resetsAt}.
-- owned: the attempt is still the job's own. fits: the quota had room, and the call is written.
-- The amounts are those before the hold.
WITH request AS (
  SELECT *, date_trunc('month', now() AT TIME ZONE 'UTC')::date AS "month"
  FROM jsonb_to_recordset($1::jsonb) AS r("id" text, "jobId" text, "attempt" int, "stepKey" text, "creatorId" text,
    "agentId" text, "feature" text, "model" text, "serviceTier" "ServiceTier", "priceId" int, "holdUsd" numeric,
    "timeoutSeconds" float8)
), owned AS (
  SELECT request.*, coalesce("Creator"."quotaUsd", "Plan"."quotaUsd") AS "quotaUsd"
  FROM request
  JOIN "Job" ON "Job"."id" = request."jobId" AND "Job"."attempt" = request."attempt" AND "Job"."status" = 'running'
  JOIN "Creator" ON "Creator"."id" = request."creatorId"
  JOIN "Plan" ON "Plan"."name" = "Creator"."planName"
), held AS (
  -- The one conditional update: the row's lock puts the holds of a creator in a line, and the condition is
  -- tried on the row as it is when the lock is had. Locked in one order everywhere, so that two batches
  -- can't wait for each other.
  INSERT INTO "MonthlySpend" AS account ("creatorId", "month", "heldUsd")
  SELECT "creatorId", "month", "holdUsd" FROM owned WHERE "quotaUsd" IS NULL OR "holdUsd" <= "quotaUsd"
  ORDER BY "creatorId"
  ON CONFLICT ("creatorId", "month") DO UPDATE SET "heldUsd" = account."heldUsd" + excluded."heldUsd"
  WHERE (SELECT "quotaUsd" IS NULL OR
           account."spentUsd" + account."heldUsd" + account."unknownUsd" + excluded."heldUsd" <= "quotaUsd"
         FROM owned WHERE owned."creatorId" = excluded."creatorId")
  RETURNING "creatorId"
), written AS (
  INSERT INTO "UsageLog" ("id", "jobId", "attempt", "stepKey", "creatorId", "agentId", "feature", "model",
                          "serviceTier", "month", "priceId", "holdUsd", "deadlineAt")
  SELECT "id", "jobId", "attempt", "stepKey", "creatorId", "agentId", "feature", "model", "serviceTier", "month",
         "priceId", "holdUsd", now() + make_interval(secs => "timeoutSeconds")
  FROM owned JOIN held USING ("creatorId")
  RETURNING "id"
)
SELECT request."id",
       owned."id" IS NOT NULL AS "owned",
       written."id" IS NOT NULL AS "fits",
       owned."quotaUsd",
       coalesce(account."spentUsd", 0) AS "spentUsd",
       coalesce(account."heldUsd", 0) AS "heldUsd",
       coalesce(account."unknownUsd", 0) AS "unknownUsd",
       (request."month" + interval '1 month') AT TIME ZONE 'UTC' AS "resetsAt"
FROM request
LEFT JOIN owned USING ("id")
LEFT JOIN written USING ("id")
LEFT JOIN "MonthlySpend" AS account ON account."creatorId" = request."creatorId" AND account."month" = request."month"
  -- Says nothing new: without it Postgres, which takes any batch for a hundred items, reads the whole table.
  AND account."creatorId" = ANY (ARRAY(SELECT "creatorId" FROM request))
