-- What nothing may hold at rest. Takes nothing. Rows: {what}, one for each that is left.
-- A dead worker's lease lasts in its table for a day: it must be nobody's any more.
SELECT "id" || ' is still open' AS "what" FROM "UsageLog" WHERE "status" = 'started'
UNION ALL
SELECT "id" || ' is still running' || CASE WHEN EXISTS (SELECT FROM "Lease" WHERE "name" = "workerId" AND "until" > now())
  THEN '' ELSE ', under the lease of a dead worker' END
FROM "Job" WHERE "status" = 'running'
UNION ALL
SELECT "id" || ' still holds ' || trim_scale("heldUsd") FROM "Job" WHERE "heldUsd" > 0
UNION ALL
SELECT "creatorId" || ' still holds ' || trim_scale("heldUsd") || ' in ' || to_char("month", 'YYYY-MM') FROM "MonthlySpend" WHERE "heldUsd" > 0
UNION ALL
SELECT 'the key ' || "id" || ' still holds ' || trim_scale("heldUsd") FROM "ApiKey" WHERE "heldUsd" > 0
UNION ALL
SELECT 'the delivery ' || delivery."id" || ' to ' || delivery."endpointId" || ' is half-open' FROM "Delivery" AS delivery WHERE "status" = 'pending'
