-- What nothing may hold at rest. $1: [{workersMax?}], one item: how many workers live, where that is known.
-- Rows: {what}, one for each that is left. A lease that is over is none: its row stays for a day.
WITH held AS (
  SELECT "name", "holder" FROM "Lease" WHERE "until" > now()
)
SELECT "id" || ' is still open' AS "what" FROM "UsageLog" WHERE "status" = 'started'
UNION ALL
SELECT "id" || ' is still running' || CASE WHEN EXISTS (SELECT FROM held WHERE "name" = "workerId")
  THEN '' ELSE ', under the lease of a dead worker' END
FROM "LiveJob" WHERE "status" = 'running'
UNION ALL
SELECT live."id" || ' is among the live, and ' || CASE WHEN job."id" IS NULL THEN 'is no job' ELSE 'has ended' END
FROM "LiveJob" AS live LEFT JOIN "JobRecord" AS job USING ("id")
WHERE job."id" IS NULL OR job."finishedAt" IS NOT NULL
UNION ALL
SELECT "id" || ' still holds ' || trim_scale("heldUsd") FROM "JobHold"
UNION ALL
SELECT "id" || ' still holds ' || trim_scale("heldUsd") FROM "Account" WHERE "heldUsd" > 0
UNION ALL
SELECT 'the delivery ' || delivery."id" || ' to ' || delivery."endpointId" || ' is half-open' FROM "Delivery" AS delivery WHERE "status" = 'pending'
UNION ALL
SELECT 'the lease ' || "name" || ' is held by ' || "holder" || ', which has none of its own' FROM held
-- /readyz writes one to see that it can.
WHERE "name" <> 'readyz' AND NOT EXISTS (SELECT FROM held AS own WHERE own."name" = held."holder")
UNION ALL
SELECT 'leases of workers are held by ' || count(*) || ', and ' || request."workersMax" || ' live'
FROM held CROSS JOIN jsonb_to_recordset($1::jsonb) AS request("workersMax" int)
WHERE "name" LIKE 'worker\_%'
GROUP BY request."workersMax" HAVING count(*) > request."workersMax"
