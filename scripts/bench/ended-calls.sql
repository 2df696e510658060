-- Writes ended calls, as UsageLog would have them after weeks of use: numbers [from, to] of `count`, in order of
-- time over the last `days` days, of `creators` creators. Every creator's calls are spread evenly over 5 agents,
-- 3 models and 4 features, which is the worst for DailyUsage: hardly any two calls of a day share a row.
-- $1: [{from, to, count, days, creators}]. Rows: none.
WITH request AS (
  SELECT * FROM jsonb_to_recordset($1::jsonb)
    AS r("from" int, "to" int, "count" int, "days" int, "creators" int)
), drawn AS (
  -- Drawn by hash: the same in every run.
  SELECT "number",
    'creator_' || 1 + (hashint8("number" * 5::bigint) & 2147483647) % "creators" AS "creatorId",
    (ARRAY['messaging_ai', 'content_ai', 'analytics_ai', 'sales_ai', 'compliance_ai'])
      [1 + (hashint8("number" * 5::bigint + 1) & 2147483647) % 5] AS "agentId",
    (ARRAY['gemini-3.5-flash-lite', 'gemini-3.1-flash-lite', 'gemini-3.1-pro-preview'])
      [1 + (hashint8("number" * 5::bigint + 2) & 2147483647) % 3] AS "model",
    (ARRAY['fan_message', 'caption', 'insight', 'sale'])
      [1 + (hashint8("number" * 5::bigint + 3) & 2147483647) % 4] AS "feature",
    100 + (hashint8("number" * 5::bigint + 4) & 2147483647) % 3000 AS "inputTokens",
    now() - make_interval(secs => 86400.0 * "days" * ("count" - "number") / "count") - interval '1 minute' AS "startedAt"
  FROM request, generate_series("from", "to") AS "number"
)
INSERT INTO "UsageLog" ("id", "jobId", "attempt", "stepKey", "creatorId", "agentId", "feature", "model", "serviceTier",
  "status", "month", "priceId", "holdUsd", "costUsd", "inputTokens", "outputTokens", "startedAt", "deadlineAt", "settledAt")
SELECT 'call_' || request."count" || 'x' || drawn."number", 'job_' || replace(drawn."creatorId", '_', ''), 1, 'draft',
  drawn."creatorId", drawn."agentId", drawn."feature", drawn."model", 'standard', 'settled',
  date_trunc('month', drawn."startedAt" AT TIME ZONE 'UTC')::date, "Price"."id", 0.05,
  (drawn."inputTokens" * "Price"."inputUsd" + 200 * "Price"."outputUsd") / 1000000, drawn."inputTokens", 200,
  drawn."startedAt", drawn."startedAt" + interval '1 minute', drawn."startedAt" + interval '2 seconds'
FROM request, drawn CROSS JOIN LATERAL (
  SELECT * FROM "Price" WHERE "Price"."model" = drawn."model" AND "Price"."serviceTier" = 'standard'
    AND "Price"."validFrom" <= drawn."startedAt" ORDER BY "Price"."validFrom" DESC LIMIT 1
) AS "Price"
