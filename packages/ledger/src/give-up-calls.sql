-- Gives up calls whose answer is lost: past their deadline they become unknown, and their hold moves to their
-- accounts' unknown part, where it still counts in the quota.
-- $1: [{limit}], one item, with what posting.sql takes. Rows: {id, creatorId, holdUsd}.
WITH lost AS (
  SELECT "id", "creatorId", "apiKeyId", "month", "status", "holdUsd" FROM "UsageLog"
  WHERE "status" = 'started' AND "deadlineAt" < now()
  ORDER BY "deadlineAt"
  LIMIT (SELECT ($1::jsonb -> 0 ->> 'limit')::int)
  FOR UPDATE SKIP LOCKED
), given_up AS (
  UPDATE "UsageLog" SET "status" = 'unknown', "settledAt" = now(), "errorCode" = coalesce("errorCode", 'answer_lost')
  FROM lost WHERE "UsageLog"."id" = lost."id"
  RETURNING "UsageLog"."id", "UsageLog"."creatorId", "UsageLog"."holdUsd", "UsageLog"."errorCode"
), move AS (
  SELECT "id", "creatorId", "apiKeyId", "month", "status" AS "wasStatus", NULL::numeric AS "wasCostUsd",
    'unknown'::"CallStatus" AS "status", NULL::numeric AS "costUsd", "holdUsd", 0 AS "reserveUsd", false AS "needsRoom"
  FROM lost
),
-- include ./posting.sql
, alert AS (
  -- An outage loses many at once: one alert for each creator and hour.
  SELECT 'unknown_calls'::"AlertType" AS "type", "creatorId", "creatorId" || ':' || "hour" AS "key",
    jsonb_build_object('hour', "hour", 'calls', count(*), 'upToUsd', trim_scale(sum("holdUsd"))::text) AS "payload"
  FROM given_up CROSS JOIN to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24') AS "hour"
  -- Whoever cancels a job knows that it had a call.
  WHERE "errorCode" <> 'cancelled'
  GROUP BY "creatorId", "hour"
  UNION ALL
  SELECT * FROM crossing_alert
),
-- include ../../database/src/raise-alerts.sql
SELECT "id", "creatorId", "holdUsd" FROM given_up
