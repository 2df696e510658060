-- Raises alerts of thresholds of the quota that no spend has crossed: the quota was lowered, or a plan with less was given. Once a
-- month each, as those that the posting raises.
-- $1: [{sinceSeconds, thresholds: [percent]}], one item: of terms that have changed for so long at most.
-- Rows: {creatorId} of each alert raised now.
WITH changed AS (
  SELECT creator."id" AS "creatorId", "Plan"."name" AS "plan", coalesce(creator."quotaUsd", "Plan"."quotaUsd") AS "boundUsd",
    date_trunc('month', now()::timestamptz(3) AT TIME ZONE 'UTC')::date AS "month"
  FROM "Creator" AS creator JOIN "Plan" ON "Plan"."name" = creator."planName"
  WHERE greatest(creator."validFrom", "Plan"."validFrom")
    > now() - make_interval(secs => ($1::jsonb -> 0 ->> 'sinceSeconds')::float8)
), threshold AS (
  SELECT "percent"::int FROM jsonb_array_elements_text($1::jsonb -> 0 -> 'thresholds') AS told("percent")
), due AS (
  SELECT account."id", changed."plan", changed."boundUsd"
  FROM changed CROSS JOIN LATERAL (
    SELECT "id", "usedUsd", "alertedPercent" FROM "Account"
    WHERE "creatorId" = changed."creatorId" AND "month" = changed."month" LIMIT 1
  ) AS account
  WHERE account."usedUsd" > 0 AND account."usedUsd" * 100 >= changed."boundUsd" *
    (SELECT min("percent") FROM threshold WHERE "percent" > account."alertedPercent")
), locked AS (
  SELECT * FROM "Account" WHERE "id" = ANY (ARRAY(SELECT "id" FROM due))
  -- In one order everywhere, so that none waits for a posting that waits for it.
  ORDER BY "id"
  FOR NO KEY UPDATE
), crossed AS (
  SELECT locked.*, locked."spentUsd" AS "spentAfterUsd", locked."unknownUsd" AS "unknownAfterUsd", due."plan", due."boundUsd",
    threshold."percent"
  FROM locked JOIN due USING ("id") CROSS JOIN threshold
  WHERE locked."usedUsd" * 100 >= due."boundUsd" * threshold."percent" AND threshold."percent" > locked."alertedPercent"
), noted AS (
  UPDATE "Account" SET "alertedPercent" = (SELECT max("percent") FROM crossed WHERE crossed."id" = "Account"."id")
  WHERE "id" = ANY (ARRAY(SELECT "id" FROM crossed))
),
-- include ../crossing-alert.sql
, alert AS (
  SELECT * FROM crossing_alert
),
-- include ../../../database/src/raise-alerts.sql
SELECT "creatorId" FROM raised
