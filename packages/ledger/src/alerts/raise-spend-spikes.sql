-- Raises an alert for each creator that spends far more in an hour than they use to: above `spentUsd`, and above
-- `times` their mean hour of the 168 hours before. Once for each creator and UTC hour.
-- $1: [{hour, spentUsd, times}], two at most, hours as their first moment, each once. Rows: {creatorId} of those alerted now.
--
-- The hour's spend is of the calls that ended in it and had started at most two hours before it: an attempt may
-- last one. A call that an operator settles days later is no spike. The week counts calls by their start, without
-- those that ended in the hour, so that no call stands on both sides.
WITH hour AS (
  SELECT *, to_char("hour" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24') AS "name",
    -- The whole days in the week before, which DailyUsage has.
    date_trunc('day', "hour" - interval '145 hours', 'UTC') AS "wholeFrom",
    date_trunc('day', "hour", 'UTC') AS "wholeTo"
  FROM jsonb_to_recordset($1::jsonb) AS r("hour" timestamptz, "spentUsd" numeric, "times" numeric)
  -- Postgres takes any list for a hundred items, and compiled 1.6 s for what a hundred hours would cost.
  LIMIT 2
), high AS (
  SELECT hour."hour", call."creatorId", sum(call."costUsd") AS "spentUsd",
    coalesce(sum(call."costUsd") FILTER (WHERE call."startedAt" < hour."hour"), 0) AS "startedBeforeUsd"
  FROM hour JOIN "UsageLog" AS call
    ON call."startedAt" >= hour."hour" - interval '2 hours' AND call."startedAt" < hour."hour" + interval '1 hour'
    AND call."settledAt" >= hour."hour" AND call."settledAt" < hour."hour" + interval '1 hour'
  GROUP BY hour."hour", hour."spentUsd", call."creatorId"
  HAVING sum(call."costUsd") > hour."spentUsd"
), compared AS MATERIALIZED (
  SELECT high."creatorId", high."spentUsd", hour."name", hour."times",
    (SELECT coalesce(sum("costUsd"), 0) FROM "DailyUsage" AS daily
     WHERE daily."creatorId" = high."creatorId"
       AND daily."day" >= (hour."wholeFrom" AT TIME ZONE 'UTC')::date AND daily."day" < (hour."wholeTo" AT TIME ZONE 'UTC')::date)
    + (SELECT coalesce(sum("costUsd"), 0) FROM "UsageLog" AS call
       WHERE call."creatorId" = high."creatorId"
         AND call."startedAt" >= hour."hour" - interval '168 hours' AND call."startedAt" < hour."wholeFrom")
    + (SELECT coalesce(sum("costUsd"), 0) FROM "UsageLog" AS call
       WHERE call."creatorId" = high."creatorId"
         AND call."startedAt" >= hour."wholeTo" AND call."startedAt" < hour."hour")
    - high."startedBeforeUsd" AS "weekUsd"
  FROM high JOIN hour USING ("hour")
  WHERE NOT EXISTS (
    SELECT FROM "Alert" WHERE "type" = 'spend_spike' AND "key" = high."creatorId" || ':' || hour."name")
), alert AS (
  SELECT 'spend_spike'::"AlertType" AS "type", "creatorId", "creatorId" || ':' || "name" AS "key",
    jsonb_build_object('hour', "name", 'spentUsd', trim_scale("spentUsd")::text,
      'meanHourUsd', trim_scale(round("weekUsd" / 168, 6))::text) AS "payload"
  FROM compared
  WHERE "spentUsd" * 168 > "times" * "weekUsd"
),
-- include ../../../database/src/raise-alerts.sql
SELECT "creatorId" FROM raised
