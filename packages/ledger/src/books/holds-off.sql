-- Accounts whose hold is not what their open calls and jobs hold, at any moment. Reads open calls alone, so that it may
-- be asked all the time. Takes nothing. Rows: {account, field, isUsd, shouldBeUsd}.
WITH own AS (
  SELECT "creatorId", "apiKeyId", "month", "holdUsd" FROM "UsageLog" WHERE "status" = 'started'
  UNION ALL
  SELECT "creatorId", "apiKeyId", "month", "heldUsd" FROM "JobHold"
), total AS (
  SELECT payer."id", sum("holdUsd") AS "heldUsd"
  FROM own CROSS JOIN LATERAL understudy_payers("creatorId", "apiKeyId", "month") AS payer
  GROUP BY payer."id"
)
SELECT "id" AS "account", 'held' AS "field", coalesce(account."heldUsd", 0) AS "isUsd", coalesce(total."heldUsd", 0) AS "shouldBeUsd"
FROM (SELECT "id", "heldUsd" FROM "Account" WHERE "heldUsd" > 0) AS account FULL JOIN total USING ("id")
WHERE coalesce(account."heldUsd", 0) <> coalesce(total."heldUsd", 0)
ORDER BY "account"
