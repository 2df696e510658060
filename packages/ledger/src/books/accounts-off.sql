-- Accounts that differ from the sums of their calls, and what jobs hold for calls to come.
-- $1: [{month?, creatorId?, limit?}], one item. month: those of that month alone; creatorId: that creator's alone. Keys' accounts
-- are for all months and creators, the platform's for all creators: they are left out where they can't be summed.
-- Rows: {account, field, isUsd, shouldBeUsd}, one for each figure that is off, `limit` at most.
WITH own AS (
  -- Summed before they are given to accounts: few rows are, however many calls there are.
  SELECT "creatorId", "month", "apiKeyId", coalesce(sum("costUsd"), 0) AS "spentUsd",
    coalesce(sum("holdUsd") FILTER (WHERE "status" = 'started'), 0) AS "heldUsd",
    coalesce(sum("holdUsd") FILTER (WHERE "status" = 'unknown'), 0) AS "unknownUsd"
  FROM "UsageLog"
  WHERE ($1::jsonb -> 0 ->> 'month' IS NULL OR "month" = (($1::jsonb -> 0 ->> 'month') || '-01')::date)
    AND ($1::jsonb -> 0 ->> 'creatorId' IS NULL OR "creatorId" = $1::jsonb -> 0 ->> 'creatorId')
  GROUP BY "creatorId", "month", "apiKeyId"
  UNION ALL
  SELECT "creatorId", "month", "apiKeyId", 0, "heldUsd", 0 FROM "JobHold"
  WHERE ($1::jsonb -> 0 ->> 'month' IS NULL OR "month" = (($1::jsonb -> 0 ->> 'month') || '-01')::date)
    AND ($1::jsonb -> 0 ->> 'creatorId' IS NULL OR "creatorId" = $1::jsonb -> 0 ->> 'creatorId')
), asked AS (
  SELECT "kind" FROM unnest(enum_range(NULL::"AccountKind")) AS "kind"
  WHERE ("kind" <> 'key' OR $1::jsonb -> 0 ->> 'month' IS NULL)
    AND ("kind" = 'creator_month' OR $1::jsonb -> 0 ->> 'creatorId' IS NULL)
), total AS (
  SELECT payer."id", sum("spentUsd") AS "spentUsd", sum("heldUsd") AS "heldUsd", sum("unknownUsd") AS "unknownUsd"
  FROM own CROSS JOIN LATERAL understudy_payers("creatorId", "apiKeyId", "month") AS payer
  WHERE payer."kind" IN (SELECT "kind" FROM asked)
  GROUP BY payer."id"
), account AS (
  SELECT "id", "spentUsd", "heldUsd", "unknownUsd" FROM "Account"
  -- Accounts of keys have no month, theirs and the platform's no creator.
  WHERE ($1::jsonb -> 0 ->> 'month' IS NULL OR "month" = (($1::jsonb -> 0 ->> 'month') || '-01')::date)
    AND ($1::jsonb -> 0 ->> 'creatorId' IS NULL OR "creatorId" = $1::jsonb -> 0 ->> 'creatorId')
)
SELECT "id" AS "account", figure.*
FROM account FULL JOIN total USING ("id")
CROSS JOIN LATERAL (VALUES
  ('spent', coalesce(account."spentUsd", 0), coalesce(total."spentUsd", 0)),
  ('held', coalesce(account."heldUsd", 0), coalesce(total."heldUsd", 0)),
  ('unknown', coalesce(account."unknownUsd", 0), coalesce(total."unknownUsd", 0))
) AS figure("field", "isUsd", "shouldBeUsd")
WHERE "isUsd" <> "shouldBeUsd"
ORDER BY "account", "field"
LIMIT ($1::jsonb -> 0 ->> 'limit')::int
