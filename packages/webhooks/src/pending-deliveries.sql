-- What endpoints are still to be told: deliveries that wait for a later time, that are due, and that are under way; 1,000 is that many or
-- more. nextTryAt: when the first of those that wait is tried. $1: [{id}], of endpoints, each once.
-- Rows: {id, waiting, due, underWay, nextTryAt}.
SELECT request."id",
  (SELECT count(*) FROM (SELECT FROM "Delivery" WHERE "endpointId" = request."id" AND "status" = 'pending'
    AND "claimedAt" IS NULL AND "nextTryAt" > now() LIMIT 1000) AS c)::int AS "waiting",
  (SELECT count(*) FROM (SELECT FROM "Delivery" WHERE "endpointId" = request."id" AND "status" = 'pending'
    AND "nextTryAt" <= now() LIMIT 1000) AS c)::int AS "due",
  (SELECT count(*) FROM (SELECT FROM "Delivery" WHERE "endpointId" = request."id" AND "status" = 'pending'
    AND "claimedAt" IS NOT NULL AND "nextTryAt" > now() LIMIT 1000) AS c)::int AS "underWay",
  (SELECT "nextTryAt" FROM "Delivery" WHERE "endpointId" = request."id" AND "status" = 'pending'
    AND "claimedAt" IS NULL AND "nextTryAt" > now() ORDER BY "nextTryAt" LIMIT 1) AS "nextTryAt"
FROM jsonb_to_recordset($1::jsonb) AS request("id" text)
