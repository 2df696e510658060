-- Creators' accounts whose hold is not that of their open calls and jobs, at any moment. Reads open calls
-- alone, so that it may be asked all the time. Takes nothing. Rows: {account, field, isUsd, shouldBeUsd}.
WITH own AS (
  SELECT "creatorId", "month", "holdUsd" FROM "UsageLog" WHERE "status" = 'started'
  UNION ALL
  SELECT "creatorId", "heldMonth", "heldUsd" FROM "Job" WHERE "heldUsd" > 0
), total AS (
  SELECT "creatorId", "month", sum("holdUsd") AS "heldUsd" FROM own GROUP BY "creatorId", "month"
)
SELECT "creatorId" || ' in ' || to_char("month", 'YYYY-MM') AS "account", 'held' AS "field", coalesce(account."heldUsd", 0) AS "isUsd",
  coalesce(total."heldUsd", 0) AS "shouldBeUsd"
FROM (SELECT * FROM "MonthlySpend" WHERE "heldUsd" > 0) AS account FULL JOIN total USING ("creatorId", "month")
WHERE coalesce(account."heldUsd", 0) <> coalesce(total."heldUsd", 0)
ORDER BY "account"
