-- Raises alerts of what providers refuse: our key, once for each provider, reason and UTC day; a model whose account is used
-- up, once for each model and UTC day; requests of one model that are refused in the same way so often in a UTC hour, once
-- for each hour, with a figure that grows.
-- $1: [{timesMin, lateSeconds, depletedSeconds, pauseSecondsMax, lookBackSeconds}], one item. timesMin: requests refused in the
-- same way in an hour. lateSeconds: so long after its end an hour is still looked at. depletedSeconds: how long a model has
-- been answered 429 without one success. pauseSecondsMax: how long after a 429 the next one may come, so that they are one
-- row. lookBackSeconds: further back nothing is looked for; an hour at least.
-- Rows: {type, key} of those that were raised now, or have grown.
--
-- Times are of a refusal's answer, by the database's clock. An account is used up as well where the provider says so: it
-- names a spend cap, billing, or what was paid in advance. "Check your plan and billing details" says nothing: each 429 does.
WITH request AS (
  SELECT "timesMin", now() - make_interval(secs => "lookBackSeconds") AS "from",
    date_trunc('hour', now() - make_interval(secs => "lateSeconds"), 'UTC') AS "hoursFrom",
    now() - make_interval(secs => "depletedSeconds") AS "depletedSince",
    now() - make_interval(secs => "pauseSecondsMax") AS "lastSince"
  FROM jsonb_to_recordset($1::jsonb) AS r("timesMin" int, "lateSeconds" float8, "depletedSeconds" float8,
    "pauseSecondsMax" float8, "lookBackSeconds" float8)
  -- Postgres takes any list for a hundred items.
  LIMIT 1
), refused AS NOT MATERIALIZED (
  SELECT call.*, coalesce(call."errorCode", 'http_' || call."httpStatus") AS "code",
    coalesce(call."providerWords" ->> 'reason', call."errorCode", 'http_' || call."httpStatus") AS "reason",
    coalesce(call."httpStatus" IN (401, 403) OR call."providerWords" ->> 'reason' = 'API_KEY_INVALID', false) AS "isOfKey"
  FROM "UsageLog" AS call
  -- As its partial index has it.
  WHERE call."httpStatus" >= 400 AND call."httpStatus" < 500 AND call."settledAt" >= (SELECT "from" FROM request)
), key_refused AS (
  SELECT DISTINCT ON ("key") 'provider_key_refused'::"AlertType" AS "type", own."key",
    jsonb_build_object('provider', own."provider", 'reason', "reason", 'callId', "id") AS "payload"
  FROM refused
  CROSS JOIN LATERAL (SELECT coalesce("provider"::text, 'unknown') AS "provider",
    coalesce("provider"::text, 'unknown') || ':' || "reason" || ':' || to_char("settledAt" AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS "key"
  ) AS own
  WHERE "isOfKey"
  ORDER BY "key", "settledAt", "id"
), limited AS MATERIALIZED (
  SELECT "model", "settledAt", coalesce(
      concat_ws(' ', "providerWords" ->> 'reason', "providerWords" ->> 'quota') ~* 'spend(ing)?[_ ]?cap|billing(?! details)|prepa(id|y)'
      OR "providerMessage" ~* 'spend(ing)? cap|credits are depleted', false) AS "isNamed"
  FROM refused WHERE "httpStatus" = 429
), model AS (
  SELECT "model", "model" || ':' || to_char(max("settledAt") AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS "key"
  FROM limited CROSS JOIN request
  GROUP BY "model", "depletedSince", "lastSince"
  HAVING bool_or("isNamed") OR min("settledAt") <= "depletedSince" AND max("settledAt") >= "lastSince"
), unsaid AS MATERIALIZED (
  SELECT * FROM model
  WHERE NOT EXISTS (SELECT FROM "Alert" WHERE "type" = 'provider_account_depleted' AND "Alert"."key" = model."key")
), depleted AS (
  SELECT 'provider_account_depleted'::"AlertType" AS "type", unsaid."key",
    jsonb_build_object('model', unsaid."model",
      'sinceSeconds', floor(extract(epoch FROM now() - min(limited."settledAt")))::int) AS "payload"
  FROM unsaid
  CROSS JOIN request
  LEFT JOIN LATERAL (
    SELECT call."startedAt" FROM "UsageLog" AS call
    WHERE call."startedAt" >= request."from" AND call."model" = unsaid."model" AND call."httpStatus" = 200
    ORDER BY call."startedAt" DESC, call."id" DESC
    LIMIT 1
  ) AS answered ON true
  JOIN limited ON limited."model" = unsaid."model" AND limited."settledAt" > coalesce(answered."startedAt", '-infinity')
  GROUP BY unsaid."model", unsaid."key", request."depletedSince"
  -- One alone may be the last that anybody has asked.
  HAVING bool_or("isNamed") OR count(*) >= 2 AND min(limited."settledAt") <= request."depletedSince"
), repeated AS (
  SELECT 'provider_refuses'::"AlertType" AS "type", "model" || ':' || "httpStatus" || ':' || "code" || ':' || "hour" AS "key",
    jsonb_build_object('model', "model", 'httpStatus', "httpStatus", 'errorCode', "code", 'hour', "hour", 'calls', count(*)) AS "payload"
  FROM refused
  CROSS JOIN request
  CROSS JOIN LATERAL to_char("settledAt" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24') AS "hour"
  -- A model that is gone gives way to another; a 429 passes.
  WHERE NOT "isOfKey" AND "httpStatus" NOT IN (404, 429) AND "settledAt" >= "hoursFrom"
  GROUP BY "model", "httpStatus", "code", "hour", "timesMin"
  HAVING count(*) >= "timesMin"
), alert AS (
  SELECT "type", NULL::text AS "creatorId", "key", "payload"
  FROM (SELECT * FROM key_refused UNION ALL SELECT * FROM depleted UNION ALL SELECT * FROM repeated) AS told
),
-- include ../../../database/src/raise-alerts.sql
SELECT "type", "key" FROM raised
