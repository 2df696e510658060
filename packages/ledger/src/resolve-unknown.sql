-- Ends calls whose cost is unknown, or was estimated, by what an operator says: a cost, or nothing (written off; unknown
-- ones alone). What was counted for them, unknown or spent, leaves the accounts, and the cost is spent. The month may be closed: what it owes is adjusted
-- in a later one.
-- $1: [{id, costUsd?}], each id once; without costUsd the call is written off. Its first item has what posting.sql takes.
-- Rows: {id} of those ended by this statement.
WITH word AS (
  SELECT * FROM jsonb_to_recordset($1::jsonb) AS r("id" text, "costUsd" numeric)
  -- Locked in one order everywhere, here and below, so that two statements can't wait for each other.
  ORDER BY "id"
), before AS (
  SELECT call.*, word."costUsd" AS "saidUsd"
  FROM word CROSS JOIN LATERAL (
    SELECT * FROM "UsageLog" WHERE "id" = word."id" LIMIT 1 FOR UPDATE
  ) AS call
  WHERE call."status" = 'unknown'
    OR call."status" = 'settled' AND call."estimated" AND NOT call."byOperator" AND word."costUsd" IS NOT NULL
), ended AS (
  UPDATE "UsageLog" AS call SET
    "status" = CASE WHEN before."saidUsd" IS NULL THEN 'released' ELSE 'settled' END::"CallStatus",
    "costUsd" = coalesce(before."saidUsd", 0),
    "errorCode" = CASE WHEN before."saidUsd" IS NULL THEN 'written_off' ELSE before."errorCode" END,
    "byOperator" = true,
    "settledAt" = CASE before."status" WHEN 'unknown' THEN now() ELSE before."settledAt" END
  FROM before
  WHERE call."id" = before."id"
  RETURNING call."id"
), move AS (
  SELECT "id", "creatorId", "apiKeyId", "month", "status" AS "wasStatus", "costUsd" AS "wasCostUsd",
    'settled'::"CallStatus" AS "status", "saidUsd" AS "costUsd", "holdUsd", 0 AS "reserveUsd", false AS "needsRoom"
  FROM before
),
-- include ./posting.sql
, alert AS (
  SELECT 'cost_above_hold'::"AlertType" AS "type", "creatorId", "id" AS "key",
    jsonb_build_object('callId', "id", 'costUsd', trim_scale("saidUsd")::text, 'holdUsd', trim_scale("holdUsd")::text) AS "payload"
  FROM before
  WHERE "saidUsd" > "holdUsd"
  UNION ALL
  SELECT * FROM crossing_alert
),
-- include ../../database/src/raise-alerts.sql
SELECT "id" FROM ended
