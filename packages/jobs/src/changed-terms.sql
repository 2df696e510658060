-- Creators with queued jobs that were changed lately, or whose plan was. $1: [{seconds}].
-- Rows: {creatorId, terms}.
SELECT creator."id" AS "creatorId", understudy_lane_terms(creator, plan) AS "terms"
FROM "Creator" AS creator
JOIN "Plan" AS plan ON plan."name" = creator."planName"
CROSS JOIN (
  SELECT now() - make_interval(secs => "seconds") AS "since" FROM jsonb_to_recordset($1::jsonb) AS r("seconds" float8)
) AS lately
WHERE (creator."updatedAt" > lately."since"
    OR plan."name" IN (SELECT "name" FROM "Plan" WHERE "validFrom" > lately."since"))
  AND EXISTS (SELECT FROM "LiveJob" WHERE "LiveJob"."creatorId" = creator."id" AND "LiveJob"."status" = 'queued')
