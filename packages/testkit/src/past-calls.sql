-- Creators with calls in a past month, as if they had been made then, and the accounts that fit them.
-- $1: [{month, creators, calls, prefix, plan, status, salt}], one item.
-- creators: how many take part, `<prefix>1` and so on, made at the month's begin unless they are there already.
-- calls: how many there are in all, spread unevenly. status: of all calls; what is not settled holds 0.25 each.
-- salt: makes the ids of calls differ from those of another time.
-- Rows: {id, creatorId, costUsd} of the calls.
WITH request AS (
  SELECT *, ("month" || '-01')::date AS "firstDay", ("month" || '-01')::timestamp AT TIME ZONE 'UTC' AS "beginsAt",
    (("month" || '-01')::date + interval '1 month') AT TIME ZONE 'UTC' AS "endsAt"
  FROM jsonb_to_recordset($1::jsonb) AS r("month" text, "creators" int, "calls" int, "prefix" text, "plan" text,
    "status" "CallStatus", "salt" text)
), creator AS (
  INSERT INTO "Creator" ("id", "planName", "createdAt", "validFrom")
  SELECT "prefix" || n, "plan", "beginsAt", "beginsAt" FROM request, generate_series(1, "creators") AS n
  ON CONFLICT DO NOTHING
), job AS (
  INSERT INTO "JobRecord" ("id", "agent", "creatorId", "feature", "model", "status", "input", "result", "createdAt",
    "startedAt", "finishedAt", "attempt")
  SELECT 'job_' || md5("salt" || "month" || "prefix" || n), 'messaging', "prefix" || n, 'fan_message', 'gemini-2.5-flash',
    'completed', '{}', '{}', "beginsAt", "beginsAt", "beginsAt", 1
  FROM request, generate_series(1, "creators") AS n
), call AS (
  INSERT INTO "UsageLog" ("id", "jobId", "attempt", "stepKey", "creatorId", "agentId", "feature", "model", "provider",
    "serviceTier", "status", "month", "priceId", "holdUsd", "costUsd", "inputTokens", "cachedTokens", "outputTokens",
    "thoughtTokens", "startedAt", "deadlineAt", "settledAt")
  SELECT 'call_' || md5("salt" || "month" || "prefix" || n), 'job_' || md5("salt" || "month" || "prefix" || own."creator"), 1,
    'step_' || n, "prefix" || own."creator", (ARRAY['messaging_ai', 'sales_ai', 'compliance_ai'])[1 + n % 3],
    (ARRAY['fan_message', 'upsell'])[1 + n % 2], 'gemini-2.5-flash', 'emulator', 'standard', "status", "firstDay",
    (SELECT min("id") FROM "Price"), 0.25,
    -- Up to a tenth of a dollar, with all twelve digits.
    CASE "status" WHEN 'settled' THEN ((n::bigint * 7919 + 31) % 99999999977) * 0.000000001 + (n % 997) * 0.000000000001 END,
    100 + n % 50, n % 40, 20 + n % 30, n % 7,
    "beginsAt" + ("endsAt" - "beginsAt") * ((n - 0.5) / "calls"), now() + interval '1 hour',
    CASE WHEN "status" <> 'started' THEN now() END
  FROM request, generate_series(1, "calls") AS n
  CROSS JOIN LATERAL (SELECT 1 + (n::bigint * n) % "creators" AS "creator") AS own
  RETURNING "id", "creatorId", "apiKeyId", "month", "status", "costUsd", "holdUsd"
), account AS (
  INSERT INTO "Account" AS account ("id", "kind", "creatorId", "month", "spentUsd", "heldUsd", "unknownUsd")
  SELECT payer."id", "kind", "ofCreator", "ofMonth", coalesce(sum("costUsd"), 0), coalesce(sum("holdUsd") FILTER (WHERE "status" = 'started'), 0),
    coalesce(sum("holdUsd") FILTER (WHERE "status" = 'unknown'), 0)
  FROM call CROSS JOIN LATERAL understudy_payers("creatorId", "apiKeyId", "month") AS payer
  GROUP BY payer."id", "kind", "ofCreator", "ofMonth"
  ON CONFLICT ("id") DO UPDATE SET "spentUsd" = account."spentUsd" + excluded."spentUsd",
    "heldUsd" = account."heldUsd" + excluded."heldUsd", "unknownUsd" = account."unknownUsd" + excluded."unknownUsd"
)
SELECT "id", "creatorId", "costUsd" FROM call
