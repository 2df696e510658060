-- Settled calls whose cost follows from their usage, the latest first. What an operator has said follows from nothing.
-- $1: [{month?, creatorId?, beforeAt?, beforeId?, limit}], one item: that began in that month, of that creator; behind that one.
-- Rows: {id, priceId, costUsd, holdUsd, inputTokens, cachedTokens, outputTokens, thoughtTokens, usageMetadata, estimated, errorCode,
-- startedAt, at (as `beforeAt` takes it), laterPriceId}.
-- laterPriceId: a price of the same model that came in force between that of the call and its begin.
SELECT call."id", call."priceId", call."costUsd"::text, call."holdUsd"::text, call."inputTokens", call."cachedTokens",
  call."outputTokens", call."thoughtTokens", call."usageMetadata", call."estimated", call."errorCode", call."startedAt",
  call."startedAt"::text AS "at", later."id" AS "laterPriceId"
FROM (
  SELECT * FROM "UsageLog"
  WHERE "status" = 'settled' AND NOT "byOperator"
    AND ($1::jsonb -> 0 ->> 'beforeId' IS NULL
      OR ("startedAt", "id") < (($1::jsonb -> 0 ->> 'beforeAt')::timestamptz, $1::jsonb -> 0 ->> 'beforeId'))
    AND ($1::jsonb -> 0 ->> 'month' IS NULL
      OR "startedAt" >= (($1::jsonb -> 0 ->> 'month') || '-01')::timestamp AT TIME ZONE 'UTC'
        AND "startedAt" < ((($1::jsonb -> 0 ->> 'month') || '-01')::timestamp + interval '1 month') AT TIME ZONE 'UTC')
    AND ($1::jsonb -> 0 ->> 'creatorId' IS NULL OR "creatorId" = $1::jsonb -> 0 ->> 'creatorId')
  ORDER BY "startedAt" DESC, "id" DESC
  LIMIT ($1::jsonb -> 0 ->> 'limit')::int
) AS call
LEFT JOIN "Price" AS price ON price."id" = call."priceId"
LEFT JOIN LATERAL (
  SELECT other."id" FROM "Price" AS other
  WHERE (other."provider", other."model", other."serviceTier", other."regionClass")
      = (price."provider", price."model", price."serviceTier", price."regionClass")
    AND other."validFrom" > price."validFrom" AND other."validFrom" <= call."startedAt"
  ORDER BY other."validFrom" DESC
  LIMIT 1
) AS later ON true
ORDER BY call."startedAt" DESC, call."id" DESC
