-- The terms of creators' buckets, and from when until when they were in force. Takes nothing.
-- Rows: {creatorId, from, until (in ms since 1970; null: still in force), ratePerHour, burst}.
WITH creator_terms AS (
  SELECT "id" AS "creatorId", "planName", "ratePerHour", "burst", "validFrom", 'infinity'::timestamptz AS "validTo" FROM "Creator"
  UNION ALL
  SELECT "creatorId", "planName", "ratePerHour", "burst", "validFrom", "validTo" FROM "CreatorHistory"
), plan_terms AS (
  SELECT "name" AS "planName", "ratePerHour", "burst", "validFrom", 'infinity'::timestamptz AS "validTo" FROM "Plan"
  UNION ALL
  SELECT "planName", "ratePerHour", "burst", "validFrom", "validTo" FROM "PlanHistory"
), terms AS (
  SELECT own."creatorId", greatest(own."validFrom", plan."validFrom") AS "from", least(own."validTo", plan."validTo") AS "until",
    coalesce(own."ratePerHour", plan."ratePerHour") AS "ratePerHour", coalesce(own."burst", plan."burst") AS "burst"
  FROM creator_terms AS own JOIN plan_terms AS plan USING ("planName")
)
SELECT "creatorId", extract(epoch FROM "from")::float8 * 1000 AS "from",
  CASE WHEN "until" < 'infinity' THEN extract(epoch FROM "until")::float8 * 1000 END AS "until",
  "ratePerHour"::float8, "burst"
FROM terms WHERE "from" < "until"
ORDER BY "from"
