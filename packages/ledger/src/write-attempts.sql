-- Writes what attempts have to say, all at once and of many: how their calls have ended, which steps are finished, and the next
-- call that each is about to make, or how it ends its job. Safe to run twice, but for an opening.
-- Calls that have ended: their real cost takes the place of their hold, also where the attempt was fenced off; one that was
-- given up as unknown is settled late all the same. Everything else is for the attempt alone that owns its job.
-- A call is written down before it is made, and its hold reserved, both or neither: the one door through which money leaves.
-- Quota of the creator, budget of the key, budget of the platform, and the switch that stops all spending meet here.
-- $1: [{jobId, attempt, answers, steps, open?, end?}], each job once; its first item has what posting.sql takes.
-- answers: [{id, status ('settled' or 'released'), costUsd, inputTokens, cachedTokens, outputTokens, thoughtTokens,
--   usageMetadata?, estimated, serviceTier?, priceId?, provider?, finishReason?, httpStatus?, errorCode?, modelVersion?,
--   providerMessage?, providerWords?, stepResult?}], each id once. stepResult: remembered under the call's step.
-- steps: [{key, agentId, result, insight?: {id, scope, fanId?, type, confidence, text, data, expiresAt?}}], each key once: an
--   insight is shared if its step is remembered now, and was not before.
-- open: {id, stepKey, agentId, feature, model, serviceTier, priceId, holdUsd, reserveUsd, timeoutSeconds}. reserveUsd: what the job
--   holds beside this call from now on, for others that it can't do without, in place of what it held before.
-- end: {status, result?, errorCode?, errorMessage?, errorRetryable?, errorResetsAt?, errorStep?, eventId}. What the job holds is
--   given back, and word of its end left in the outbox.
-- Rows: one for each item: {jobId, owned, ended, endedCalls, roomOf, startedAt, stopped, requiredUsd, resetsAt, creatorId,
--   apiKeyId, month, plan, accounts}.
-- owned: the attempt is still the job's own. ended: the job, now. endedCalls: ids of those that this statement has ended.
-- roomOf: the creator whose jobs wait for room, where something was given back. startedAt: there was room, and the call is written.
-- plan, accounts: where there was none, the latter [{kind, isMissing, isClosed, boundUsd, spentUsd, heldUsd, unknownUsd}], as they were.
WITH request AS (
  -- Rounded as "startedAt" is: both lie in the same month.
  SELECT *, date_trunc('month', now()::timestamptz(3) AT TIME ZONE 'UTC')::date AS "month"
  FROM jsonb_to_recordset($1::jsonb)
    AS r("jobId" text, "attempt" int, "answers" jsonb, "steps" jsonb, "open" jsonb, "end" jsonb)
  -- Locked in one order everywhere, so that two batches can't wait for each other.
  ORDER BY "jobId"
), owned AS (
  SELECT request.*, job."creatorId", job."apiKeyId", job."heldUsd", job."heldMonth"
  FROM request CROSS JOIN LATERAL (
    SELECT "creatorId", "apiKeyId", "status", "attempt", "heldUsd", "heldMonth" FROM "LiveJob"
    WHERE "id" = request."jobId" LIMIT 1 FOR NO KEY UPDATE
  ) AS job
  WHERE job."status" = 'running' AND job."attempt" = request."attempt"
), answer AS (
  -- Of all attempts in one list: Postgres takes each list for a hundred items, and would read all calls for a hundred lists.
  SELECT said.* FROM (SELECT jsonb_path_query_array($1::jsonb, '$[*].answers[*]') AS "answers") AS batch
  CROSS JOIN jsonb_to_recordset(batch."answers") AS said("id" text, "status" "CallStatus",
    "costUsd" numeric, "inputTokens" int, "cachedTokens" int, "outputTokens" int, "thoughtTokens" int, "usageMetadata" jsonb,
    "estimated" boolean, "serviceTier" "ServiceTier", "priceId" int, "provider" "Provider", "finishReason" text,
    "httpStatus" int, "errorCode" text, "modelVersion" text, "providerMessage" text, "providerWords" jsonb, "stepResult" jsonb)
  -- Always so: it has jobs locked before their calls, and those before accounts.
  WHERE (SELECT count(*) FROM owned) >= 0
),
-- include ./settling.sql
, opening AS (
  SELECT call.*, owned."jobId", owned."attempt", owned."creatorId", owned."apiKeyId", owned."month", owned."heldUsd" AS "jobHeldUsd",
    -- What the job still holds in the account of an earlier month stays there until its attempt has ended.
    CASE WHEN owned."heldUsd" = 0 OR owned."heldMonth" = owned."month" THEN call."reserveUsd" - owned."heldUsd" ELSE 0 END
      AS "jobChangeUsd"
  FROM owned CROSS JOIN jsonb_to_record(owned."open") AS call("id" text, "stepKey" text, "agentId" text, "feature" text, "model" text,
    "serviceTier" "ServiceTier", "priceId" int, "holdUsd" numeric, "reserveUsd" numeric, "timeoutSeconds" float8)
  WHERE owned."open" IS NOT NULL
), ending_job AS (
  SELECT owned."jobId" AS "id", said."eventId", true AS "givesBack", owned."end"
  FROM owned CROSS JOIN jsonb_to_record(owned."end") AS said("eventId" text)
  WHERE owned."end" IS NOT NULL
),
-- include ../../database/src/end-jobs.sql
, given_back AS (
  SELECT * FROM owned WHERE "end" IS NOT NULL AND "heldUsd" > 0
), move AS (
  SELECT * FROM ending
  UNION ALL
  SELECT "id", "creatorId", "apiKeyId", "month", NULL, NULL, 'started', NULL, "holdUsd", "jobChangeUsd", true
  FROM opening WHERE NOT (SELECT "stopped" FROM "SpendingSwitch")
  UNION ALL
  SELECT "jobId", "creatorId", "apiKeyId", "heldMonth", NULL, NULL, NULL, NULL, 0, -"heldUsd", false FROM given_back
),
-- include ./posting.sql
, allowed AS (
  SELECT * FROM opening
  WHERE NOT (SELECT "stopped" FROM "SpendingSwitch") AND NOT EXISTS (SELECT FROM refused WHERE refused."id" = opening."id")
), written AS (
  INSERT INTO "UsageLog" ("id", "jobId", "attempt", "stepKey", "creatorId", "apiKeyId", "agentId", "feature", "model",
                          "serviceTier", "month", "priceId", "holdUsd", "deadlineAt")
  SELECT "id", "jobId", "attempt", "stepKey", "creatorId", "apiKeyId", "agentId", "feature", "model", "serviceTier",
         "month", "priceId", "holdUsd", now() + make_interval(secs => "timeoutSeconds")
  FROM allowed
  RETURNING "id", "jobId", "startedAt"
), reserved AS (
  UPDATE "LiveJob" SET "heldUsd" = allowed."jobHeldUsd" + allowed."jobChangeUsd", "heldMonth" = allowed."month"
  FROM allowed
  WHERE "LiveJob"."id" = allowed."jobId" AND allowed."jobChangeUsd" <> 0
), finished_step AS (
  SELECT "jobId", "stepKey" AS "key", "agentId", "stepResult" AS "result", NULL::jsonb AS "insight"
  FROM before
  -- Looked up in what is hashed, here and below; joined, Postgres would compare each with each.
  WHERE "stepResult" IS NOT NULL AND (("jobId", "attempt") IN (SELECT "jobId", "attempt" FROM owned)) IS TRUE
  UNION ALL
  SELECT owned."jobId", step.*
  FROM owned CROSS JOIN jsonb_to_recordset(owned."steps")
    AS step("key" text, "agentId" text, "result" jsonb, "insight" jsonb)
), remembered AS (
  INSERT INTO "Step" ("jobId", "key", "agentId", "result")
  SELECT "jobId", "key", "agentId", "result" FROM finished_step
  ON CONFLICT DO NOTHING
  RETURNING "jobId", "key"
), shared AS (
  INSERT INTO "Insight" ("id", "creatorId", "fanId", "jobId", "stepKey", "source", "type", "confidence", "text", "data", "expiresAt")
  SELECT insight."id", CASE insight."scope" WHEN 'creator' THEN owned."creatorId" END, insight."fanId", owned."jobId",
    step."key", step."agentId", insight."type", insight."confidence", insight."text", insight."data", insight."expiresAt"
  FROM finished_step AS step
  JOIN owned USING ("jobId")
  CROSS JOIN jsonb_to_record(step."insight") AS insight("id" text, "scope" text, "fanId" text, "type" text,
    "confidence" float8, "text" text, "data" jsonb, "expiresAt" timestamptz)
  WHERE step."insight" IS NOT NULL AND ((step."jobId", step."key") IN (SELECT "jobId", "key" FROM remembered)) IS TRUE
  ON CONFLICT DO NOTHING
), alert AS (
  SELECT * FROM cost_alert UNION ALL SELECT * FROM crossing_alert
),
-- include ../../database/src/raise-alerts.sql
, ended_calls AS (
  SELECT "jobId", "creatorId", array_agg("id" ORDER BY "id") AS "ids"
  FROM before
  GROUP BY "jobId", "creatorId"
), full_for AS (
  SELECT line."id", max(account."plan") AS "plan", jsonb_agg(jsonb_build_object('kind', line."kind", 'isMissing', account."id" IS NULL,
    'isClosed', account."closedAt" IS NOT NULL, 'boundUsd', account."boundUsd"::text, 'spentUsd', account."spentUsd"::text,
    'heldUsd', account."heldUsd"::text, 'unknownUsd', account."unknownUsd"::text) ORDER BY line."kind") AS "accounts"
  FROM line JOIN refused USING ("id") LEFT JOIN account ON account."id" = line."accountId"
  GROUP BY line."id"
)
SELECT request."jobId",
       owned."jobId" IS NOT NULL AS "owned",
       ended_job."id" IS NOT NULL AS "ended",
       coalesce(ended_calls."ids", '{}') AS "endedCalls",
       (SELECT freed."creatorId" FROM (SELECT coalesce(ended_calls."creatorId", given_back."creatorId") AS "creatorId") AS freed
        WHERE EXISTS (
          SELECT FROM "LiveJob"
          WHERE "LiveJob"."creatorId" = freed."creatorId" AND "LiveJob"."waitingFor" IN ('quota', 'paused')
        )) AS "roomOf",
       written."startedAt",
       (SELECT "stopped" FROM "SpendingSwitch") AS "stopped",
       opening."holdUsd" + opening."reserveUsd" AS "requiredUsd",
       (request."month" + interval '1 month') AT TIME ZONE 'UTC' AS "resetsAt",
       owned."creatorId",
       owned."apiKeyId",
       to_char(request."month", 'YYYY-MM') AS "month",
       full_for."plan",
       full_for."accounts"
FROM request
LEFT JOIN owned USING ("jobId")
LEFT JOIN ended_job ON ended_job."id" = request."jobId"
LEFT JOIN given_back USING ("jobId")
LEFT JOIN ended_calls USING ("jobId")
LEFT JOIN opening USING ("jobId")
LEFT JOIN written ON written."jobId" = request."jobId"
-- By what was asked, which Postgres takes for a hundred: for the one opening that it expects, it would sum them up each time anew.
LEFT JOIN full_for ON full_for."id" = request."open" ->> 'id'
