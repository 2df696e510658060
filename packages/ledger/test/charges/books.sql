-- The charges of a month beside what the calls say: worked out from UsageLog alone, apart from the code under test.
-- $1: [{month}]
-- Rows: {creators, charges, events, wrong}. wrong: creators whose charge says otherwise than their calls.
WITH request AS (
  SELECT ("month" || '-01')::date AS "month", "month" AS "name" FROM jsonb_to_recordset($1::jsonb) AS r("month" text)
), called AS (
  SELECT "creatorId", sum("costUsd") AS "costUsd", sum("inputTokens") AS "tokensInput",
    sum("outputTokens" + "thoughtTokens") AS "tokensOutput"
  FROM "UsageLog", request WHERE "UsageLog"."month" = request."month" AND "status" <> 'started'
  GROUP BY "creatorId"
), charge AS (
  SELECT "MonthlyCharge".*,
    (SELECT sum((value->>'costUsd')::numeric) FROM jsonb_each("byAgent")) AS "agentsUsd",
    (SELECT sum((value->>'costUsd')::numeric) FROM jsonb_each("byFeature")) AS "featuresUsd",
    (SELECT coalesce(sum((value->>'amountUsd')::numeric), 0) FROM jsonb_array_elements("adjustments")) AS "adjustedUsd"
  FROM "MonthlyCharge", request WHERE "MonthlyCharge"."month" = request."month"
)
SELECT (SELECT count(*)::int FROM "Creator") AS "creators",
  (SELECT count(*)::int FROM charge WHERE "status" = 'closed') AS "charges",
  (SELECT count(*)::int FROM "Outbox", request WHERE "type" = 'charge.closed' AND "payload"->>'month' = request."name") AS "events",
  (SELECT coalesce(json_agg("creatorId"), '[]') FROM charge LEFT JOIN called USING ("creatorId")
   WHERE charge."costUsd" <> coalesce(called."costUsd", 0)
      OR charge."roundedUsd" <> round(coalesce(called."costUsd", 0), 2)
      OR coalesce("agentsUsd", 0) <> charge."costUsd" OR coalesce("featuresUsd", 0) <> charge."costUsd"
      OR charge."tokensInput" <> coalesce(called."tokensInput", 0) OR charge."tokensOutput" <> coalesce(called."tokensOutput", 0)
      OR charge."amountUsd" <> charge."planPriceUsd" + "adjustedUsd" +
         CASE charge."usage" WHEN 'billed' THEN charge."roundedUsd" ELSE 0 END) AS "wrong"
