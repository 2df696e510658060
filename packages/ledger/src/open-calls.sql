-- Writes calls down before they are made, and reserves their holds: for each call both or neither. The one
-- door through which money leaves: quota of the creator, budget of the key, budget of the platform, and the
-- switch that stops all spending.
-- $1: [{id, jobId, attempt, stepKey, creatorId, agentId, feature, model, serviceTier, priceId, holdUsd, reserveUsd,
--       timeoutSeconds}], each job once; its first item has what posting.sql takes.
-- reserveUsd: what the job holds beside this call from now on, for others that it can't do without, in place of what it
-- held before: what a call was planned with and does not need is given back when it is opened.
-- Rows: one for each item: {id, owned, fits, startedAt, stopped, requiredUsd, resetsAt, apiKeyId, month, plan, accounts}.
-- owned: the attempt is still the job's own. fits: there was room, and the call is written.
-- plan, accounts: where there was no room, the latter [{kind, isMissing, isClosed, boundUsd, spentUsd, heldUsd, unknownUsd}], as they were.
WITH request AS (
  -- Rounded as "startedAt" is: both lie in the same month.
  SELECT *, date_trunc('month', now()::timestamptz(3) AT TIME ZONE 'UTC')::date AS "month"
  FROM jsonb_to_recordset($1::jsonb) AS r("id" text, "jobId" text, "attempt" int, "stepKey" text, "creatorId" text,
    "agentId" text, "feature" text, "model" text, "serviceTier" "ServiceTier", "priceId" int, "holdUsd" numeric,
    "reserveUsd" numeric, "timeoutSeconds" float8)
), job AS (
  SELECT "Job"."id", "Job"."apiKeyId", "Job"."heldUsd", "Job"."heldMonth"
  FROM "Job" JOIN request ON "Job"."id" = request."jobId" AND "Job"."attempt" = request."attempt"
  -- As text, so that Postgres looks by id: not through the index of all that run, and of all that did since a vacuum.
  WHERE "Job"."status"::text = 'running' AND "Job"."id" = ANY (ARRAY(SELECT "jobId" FROM request))
  -- Locked in one order everywhere, here and below, so that two batches can't wait for each other.
  ORDER BY "Job"."id"
  FOR NO KEY UPDATE OF "Job"
), owned AS (
  SELECT request.*, job."apiKeyId", job."heldUsd" AS "jobHeldUsd", own."reserveUsd" - own."drawnUsd" AS "jobChangeUsd"
  FROM request
  JOIN job ON job."id" = request."jobId"
  -- What the job still holds in the account of an earlier month stays there until its attempt has ended.
  CROSS JOIN LATERAL (SELECT job."heldUsd" = 0 OR job."heldMonth" = request."month" AS "isThisMonth") AS held
  CROSS JOIN LATERAL (SELECT
    CASE WHEN "isThisMonth" THEN request."reserveUsd" ELSE 0 END AS "reserveUsd",
    CASE WHEN "isThisMonth" THEN job."heldUsd" ELSE 0 END AS "drawnUsd"
  ) AS own
), move AS (
  SELECT "id", "creatorId", "apiKeyId", "month", NULL::"CallStatus" AS "wasStatus", NULL::numeric AS "wasCostUsd",
    'started'::"CallStatus" AS "status", NULL::numeric AS "costUsd", "holdUsd", "jobChangeUsd" AS "reserveUsd", true AS "needsRoom"
  FROM owned WHERE NOT (SELECT "stopped" FROM "SpendingSwitch")
),
-- include ./posting.sql
, allowed AS (
  SELECT * FROM owned
  WHERE NOT (SELECT "stopped" FROM "SpendingSwitch") AND NOT EXISTS (SELECT FROM refused WHERE refused."id" = owned."id")
), written AS (
  INSERT INTO "UsageLog" ("id", "jobId", "attempt", "stepKey", "creatorId", "apiKeyId", "agentId", "feature", "model",
                          "serviceTier", "month", "priceId", "holdUsd", "deadlineAt")
  SELECT "id", "jobId", "attempt", "stepKey", "creatorId", "apiKeyId", "agentId", "feature", "model", "serviceTier",
         "month", "priceId", "holdUsd", now() + make_interval(secs => "timeoutSeconds")
  FROM allowed
  RETURNING "id", "startedAt"
), job_held AS (
  UPDATE "Job" SET "heldUsd" = allowed."jobHeldUsd" + allowed."jobChangeUsd", "heldMonth" = allowed."month"
  FROM allowed
  WHERE "Job"."id" = allowed."jobId" AND allowed."jobChangeUsd" <> 0
), full_for AS (
  SELECT line."id", max(account."plan") AS "plan", jsonb_agg(jsonb_build_object('kind', line."kind", 'isMissing', account."id" IS NULL,
    'isClosed', account."closedAt" IS NOT NULL, 'boundUsd', account."boundUsd"::text, 'spentUsd', account."spentUsd"::text,
    'heldUsd', account."heldUsd"::text, 'unknownUsd', account."unknownUsd"::text) ORDER BY line."kind") AS "accounts"
  FROM line JOIN refused USING ("id") LEFT JOIN account ON account."id" = line."accountId"
  GROUP BY line."id"
)
SELECT request."id",
       owned."id" IS NOT NULL AS "owned",
       written."id" IS NOT NULL AS "fits",
       written."startedAt",
       (SELECT "stopped" FROM "SpendingSwitch") AS "stopped",
       request."holdUsd" + request."reserveUsd" AS "requiredUsd",
       (request."month" + interval '1 month') AT TIME ZONE 'UTC' AS "resetsAt",
       owned."apiKeyId",
       to_char(request."month", 'YYYY-MM') AS "month",
       full_for."plan",
       full_for."accounts"
FROM request
LEFT JOIN owned USING ("id")
LEFT JOIN written USING ("id")
LEFT JOIN full_for USING ("id")
