-- Accounts that differ from the sums of their calls and of what jobs hold. Takes nothing: one look at all.
-- Rows: {account, field, isUsd, shouldBeUsd}, one for each figure that is off.
WITH own AS (
  SELECT "creatorId", "month", "apiKeyId", coalesce("costUsd", 0) AS "spentUsd",
    CASE WHEN "status" = 'started' THEN "holdUsd" ELSE 0 END AS "heldUsd",
    CASE WHEN "status" = 'unknown' THEN "holdUsd" ELSE 0 END AS "unknownUsd"
  FROM "UsageLog"
  UNION ALL
  SELECT "creatorId", "heldMonth", "apiKeyId", 0, "heldUsd", 0 FROM "Job" WHERE "heldUsd" > 0
), balance AS (
  SELECT "id" AS "account", "spentUsd", "heldUsd", "unknownUsd" FROM "Account"
  UNION ALL
  SELECT 'the days of ' || "creatorId", sum("costUsd"), 0, sum("unknownUsd") FROM "DailyUsage" GROUP BY "creatorId"
), total AS (
  SELECT "id" AS "account", sum("spentUsd") AS "spentUsd", sum("heldUsd") AS "heldUsd", sum("unknownUsd") AS "unknownUsd"
  FROM own CROSS JOIN LATERAL understudy_payers("creatorId", "apiKeyId", "month") AS payer
  GROUP BY "id"
  UNION ALL
  -- Days know nothing of holds.
  SELECT 'the days of ' || "creatorId", sum("spentUsd"), 0, sum("unknownUsd") FROM own GROUP BY "creatorId"
)
SELECT "account", figure.*
FROM balance FULL JOIN total USING ("account")
CROSS JOIN LATERAL (VALUES
  ('spent', coalesce(balance."spentUsd", 0), coalesce(total."spentUsd", 0)),
  ('held', coalesce(balance."heldUsd", 0), coalesce(total."heldUsd", 0)),
  ('unknown', coalesce(balance."unknownUsd", 0), coalesce(total."unknownUsd", 0))
) AS figure("field", "isUsd", "shouldBeUsd")
WHERE "isUsd" <> "shouldBeUsd"
ORDER BY "account", "field"
