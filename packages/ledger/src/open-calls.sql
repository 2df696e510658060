-- Writes calls down before they are made, and reserves their holds: for each call both or neither. The one
-- door through which money leaves: quota of the creator, budget of the key, budget of the platform, and the
-- switch that stops all spending.
-- $1: [{id, jobId, attempt, stepKey, creatorId, agentId, feature, model, serviceTier, priceId, holdUsd, reserveUsd,
--       isNecessary, timeoutSeconds, platformQuotaUsd?}], each job once.
-- reserveUsd: held for the job beside this call, for others that it can't do without. A call that isNecessary
-- takes its hold out of what the job holds already, as far as that reaches.
-- platformQuotaUsd: the same for all; where it is given, the caller must have the lock of the platform's budget.
-- Rows: one for each item: {id, owned, fits, startedAt, stopped, monthClosed, requiredUsd, resetsAt, plan, quotaUsd, spentUsd,
-- heldUsd, unknownUsd, keyBudgetUsd, keySpentUsd, keyHeldUsd, keyUnknownUsd, platformSpentUsd, platformHeldUsd,
-- platformUnknownUsd}.
-- owned: the attempt is still the job's own. fits: there was room, and the call is written. The amounts are
-- those before. Calls of one creator, key or platform fit together or not at all: what does not fit in
-- company is to be tried alone.
WITH request AS (
  -- Rounded as "startedAt" is: both lie in the same month.
  SELECT *, date_trunc('month', now()::timestamptz(3) AT TIME ZONE 'UTC')::date AS "month"
  FROM jsonb_to_recordset($1::jsonb) AS r("id" text, "jobId" text, "attempt" int, "stepKey" text, "creatorId" text,
    "agentId" text, "feature" text, "model" text, "serviceTier" "ServiceTier", "priceId" int, "holdUsd" numeric,
    "reserveUsd" numeric, "isNecessary" boolean, "timeoutSeconds" float8, "platformQuotaUsd" numeric)
), job AS (
  SELECT "Job"."id", "Job"."apiKeyId", "Job"."heldUsd", "Job"."heldMonth"
  FROM "Job" JOIN request ON "Job"."id" = request."jobId" AND "Job"."attempt" = request."attempt"
  -- As text, so that Postgres looks by id: not through the index of all that run, and of all that did since a vacuum.
  WHERE "Job"."status"::text = 'running' AND "Job"."id" = ANY (ARRAY(SELECT "jobId" FROM request))
  -- Locked in one order everywhere, here and below, so that two batches can't wait for each other.
  ORDER BY "Job"."id"
  FOR NO KEY UPDATE OF "Job"
), owned AS (
  SELECT request.*, job."apiKeyId", "Plan"."name" AS "plan", coalesce("Creator"."quotaUsd", "Plan"."quotaUsd") AS "quotaUsd",
    request."holdUsd" + own."reserveUsd" - own."drawnUsd" AS "changeUsd",
    job."heldUsd" AS "jobHeldUsd",
    job."heldUsd" + own."reserveUsd" - own."drawnUsd" AS "jobHeldAfterUsd"
  FROM request
  JOIN job ON job."id" = request."jobId"
  JOIN "Creator" ON "Creator"."id" = request."creatorId"
  JOIN "Plan" ON "Plan"."name" = "Creator"."planName"
  -- What the job still holds in the account of an earlier month stays there until its attempt has ended.
  CROSS JOIN LATERAL (SELECT job."heldUsd" = 0 OR job."heldMonth" = request."month" AS "isThisMonth") AS held
  CROSS JOIN LATERAL (SELECT
    CASE WHEN "isThisMonth" THEN request."reserveUsd" ELSE 0 END AS "reserveUsd",
    CASE WHEN "isThisMonth"
      THEN least(job."heldUsd", request."reserveUsd" + CASE WHEN request."isNecessary" THEN request."holdUsd" ELSE 0 END)
      ELSE 0 END AS "drawnUsd"
  ) AS own
), key AS (
  SELECT * FROM "ApiKey"
  WHERE "id" = ANY (ARRAY(SELECT "apiKeyId" FROM owned))
  ORDER BY "id"
  FOR UPDATE
), platform AS (
  SELECT coalesce(sum("spentUsd"), 0) AS "spentUsd", coalesce(sum("heldUsd"), 0) AS "heldUsd",
    coalesce(sum("unknownUsd"), 0) AS "unknownUsd"
  FROM "MonthlySpend" WHERE "month" = (SELECT max("month") FROM request WHERE "platformQuotaUsd" IS NOT NULL)
), together AS (
  SELECT *, sum("changeUsd") OVER (PARTITION BY "apiKeyId") AS "keyChangeUsd", sum("changeUsd") OVER () AS "platformChangeUsd"
  FROM owned
), allowed AS (
  SELECT together.* FROM together
  LEFT JOIN key ON key."id" = together."apiKeyId"
  CROSS JOIN platform
  WHERE NOT (SELECT "stopped" FROM "SpendingSwitch")
    AND (key."budgetUsd" IS NULL OR key."spentUsd" + key."heldUsd" + key."unknownUsd" + "keyChangeUsd" <= key."budgetUsd")
    AND ("platformQuotaUsd" IS NULL
         OR platform."spentUsd" + platform."heldUsd" + platform."unknownUsd" + "platformChangeUsd" <= "platformQuotaUsd")
), held AS (
  -- The one conditional update: the row's lock puts the holds of a creator in a line, and the condition is
  -- tried on the row as it is when the lock is had. A month that was closed meanwhile takes no hold.
  INSERT INTO "MonthlySpend" AS account ("creatorId", "month", "heldUsd")
  SELECT "creatorId", "month", sum("changeUsd") FROM allowed
  GROUP BY "creatorId", "month", "quotaUsd"
  HAVING "quotaUsd" IS NULL OR sum("changeUsd") <= "quotaUsd"
  ORDER BY "creatorId"
  ON CONFLICT ("creatorId", "month") DO UPDATE SET "heldUsd" = account."heldUsd" + excluded."heldUsd"
  WHERE account."closedAt" IS NULL
    AND (SELECT "quotaUsd" IS NULL OR
           account."spentUsd" + account."heldUsd" + account."unknownUsd" + excluded."heldUsd" <= "quotaUsd"
         FROM allowed WHERE allowed."creatorId" = excluded."creatorId" LIMIT 1)
  RETURNING "creatorId"
), written AS (
  INSERT INTO "UsageLog" ("id", "jobId", "attempt", "stepKey", "creatorId", "apiKeyId", "agentId", "feature", "model",
                          "serviceTier", "month", "priceId", "holdUsd", "deadlineAt")
  SELECT "id", "jobId", "attempt", "stepKey", "creatorId", "apiKeyId", "agentId", "feature", "model", "serviceTier",
         "month", "priceId", "holdUsd", now() + make_interval(secs => "timeoutSeconds")
  FROM allowed JOIN held USING ("creatorId")
  RETURNING "id", "startedAt"
), key_held AS (
  UPDATE "ApiKey" SET "heldUsd" = key."heldUsd" + change."changeUsd"
  FROM key JOIN (
    SELECT "apiKeyId", sum("changeUsd") AS "changeUsd" FROM allowed JOIN held USING ("creatorId") GROUP BY "apiKeyId"
  ) AS change ON change."apiKeyId" = key."id"
  WHERE "ApiKey"."id" = key."id"
), job_held AS (
  UPDATE "Job" SET "heldUsd" = allowed."jobHeldAfterUsd", "heldMonth" = allowed."month"
  FROM allowed JOIN held USING ("creatorId")
  WHERE "Job"."id" = allowed."jobId" AND allowed."jobHeldAfterUsd" <> allowed."jobHeldUsd"
)
SELECT request."id",
       owned."id" IS NOT NULL AS "owned",
       written."id" IS NOT NULL AS "fits",
       written."startedAt",
       (SELECT "stopped" FROM "SpendingSwitch") AS "stopped",
       account."closedAt" IS NOT NULL AS "monthClosed",
       request."holdUsd" + request."reserveUsd" AS "requiredUsd",
       (request."month" + interval '1 month') AT TIME ZONE 'UTC' AS "resetsAt",
       owned."plan",
       owned."quotaUsd",
       coalesce(account."spentUsd", 0) AS "spentUsd",
       coalesce(account."heldUsd", 0) AS "heldUsd",
       coalesce(account."unknownUsd", 0) AS "unknownUsd",
       key."budgetUsd" AS "keyBudgetUsd",
       key."spentUsd" AS "keySpentUsd",
       key."heldUsd" AS "keyHeldUsd",
       key."unknownUsd" AS "keyUnknownUsd",
       platform."spentUsd" AS "platformSpentUsd",
       platform."heldUsd" AS "platformHeldUsd",
       platform."unknownUsd" AS "platformUnknownUsd"
FROM request
CROSS JOIN platform
LEFT JOIN owned USING ("id")
LEFT JOIN written USING ("id")
LEFT JOIN key ON key."id" = owned."apiKeyId"
LEFT JOIN "MonthlySpend" AS account ON account."creatorId" = request."creatorId" AND account."month" = request."month"
  -- Says nothing new: without it Postgres, which takes any batch for a hundred items, reads the whole table.
  AND account."creatorId" = ANY (ARRAY(SELECT "creatorId" FROM request))
