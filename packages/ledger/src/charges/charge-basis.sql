-- What the charges of creators for a month are made of.
-- $1: [{creatorId, month}]
-- Rows: one for each creator that exists: {creatorId, plan, planPriceUsd, usage, spentUsd, shares, lateMonths}.
-- plan, planPriceUsd, usage: the terms in force at the end of the month; before it, those of now.
-- spentUsd: the account's. shares: [{agentId, feature, calls, inputTokens, cachedTokens, outputTokens,
-- thoughtTokens, costUsd}], the month's ended calls summed. lateMonths: [{month, spentUsd, roundedUsd,
-- adjustedUsd}] of earlier months that billed usage and whose account has changed since they were charged.
-- Amounts are text.
WITH request AS (
  SELECT "creatorId", ("month" || '-01')::date AS "month", (("month" || '-01')::date + interval '1 month')::date AS "next",
    (("month" || '-01')::date + interval '1 month') AT TIME ZONE 'UTC' AS "endsAt"
  FROM jsonb_to_recordset($1::jsonb) AS r("creatorId" text, "month" text)
)
SELECT request."creatorId", plan."name" AS "plan", terms."priceUsd"::text AS "planPriceUsd", terms."usage",
  coalesce(account."spentUsd", 0)::text AS "spentUsd",
  coalesce(used."shares", '[]') AS "shares", coalesce(late."months", '[]') AS "lateMonths"
FROM request
JOIN "Creator" AS creator ON creator."id" = request."creatorId"
-- Past terms are those that were the first to be replaced after the month's end.
LEFT JOIN LATERAL (
  SELECT "planName" FROM "CreatorHistory" AS history
  WHERE history."creatorId" = request."creatorId" AND history."validTo" >= request."endsAt"
  ORDER BY history."validTo", history."id" LIMIT 1
) AS past_creator ON true
JOIN "Plan" AS plan ON plan."name" = coalesce(past_creator."planName", creator."planName")
LEFT JOIN LATERAL (
  SELECT "priceUsd", "usage" FROM "PlanHistory" AS history
  WHERE history."planName" = plan."name" AND history."validTo" >= request."endsAt"
  ORDER BY history."validTo", history."id" LIMIT 1
) AS past_plan ON true
CROSS JOIN LATERAL (
  SELECT coalesce(past_plan."priceUsd", plan."priceUsd") AS "priceUsd", coalesce(past_plan."usage", plan."usage") AS "usage"
) AS terms
LEFT JOIN LATERAL (
  SELECT "spentUsd" FROM "Account" AS own
  WHERE own."creatorId" = request."creatorId" AND own."month" = request."month"
  LIMIT 1
) AS account ON true
CROSS JOIN LATERAL (
  SELECT jsonb_agg(jsonb_build_object('agentId', sums."agentId", 'feature', sums."feature", 'calls', sums."calls",
    'inputTokens', sums."inputTokens", 'cachedTokens', sums."cachedTokens", 'outputTokens', sums."outputTokens",
    'thoughtTokens', sums."thoughtTokens", 'costUsd', sums."costUsd"::text) ORDER BY sums."agentId", sums."feature") AS "shares"
  FROM (
    SELECT "agentId", "feature", sum("calls") AS "calls", sum("inputTokens") AS "inputTokens",
      sum("cachedTokens") AS "cachedTokens", sum("outputTokens") AS "outputTokens",
      sum("thoughtTokens") AS "thoughtTokens", sum("costUsd") AS "costUsd"
    FROM "DailyUsage" AS daily
    WHERE daily."creatorId" = request."creatorId" AND daily."day" >= request."month" AND daily."day" < request."next"
    GROUP BY "agentId", "feature"
  ) AS sums
) AS used
CROSS JOIN LATERAL (
  SELECT jsonb_agg(jsonb_build_object('month', to_char(earlier."month", 'YYYY-MM'),
    'spentUsd', spent."spentUsd"::text, 'roundedUsd', earlier."roundedUsd"::text,
    'adjustedUsd', (
      SELECT coalesce(sum((adjustment->>'amountUsd')::numeric), 0)
      FROM "MonthlyCharge" AS later, jsonb_array_elements(later."adjustments") AS adjustment
      WHERE later."creatorId" = request."creatorId" AND adjustment->>'originMonth' = to_char(earlier."month", 'YYYY-MM')
    )::text) ORDER BY earlier."month") AS "months"
  FROM "MonthlyCharge" AS earlier
  JOIN "Account" AS spent ON spent."creatorId" = earlier."creatorId" AND spent."month" = earlier."month"
  WHERE earlier."creatorId" = request."creatorId" AND earlier."month" < request."month"
    AND earlier."usage" = 'billed' AND spent."spentUsd" <> earlier."costUsd"
) AS late
