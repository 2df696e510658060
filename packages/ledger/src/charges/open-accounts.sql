-- Gives creators an account of a month where they have none: closing needs a row that a late hold would meet.
-- $1: [{creatorId, month}], all of one month. No rows.
INSERT INTO "MonthlySpend" ("creatorId", "month")
SELECT r."creatorId", (r."month" || '-01')::date
FROM jsonb_to_recordset($1::jsonb) AS r("creatorId" text, "month" text)
-- ON CONFLICT waits for whoever changes a row that is there: those that can be seen are left out before. Looked up
-- one by one, by the key.
WHERE (
  SELECT 1 FROM "MonthlySpend" AS account
  WHERE account."creatorId" = r."creatorId" AND account."month" = (r."month" || '-01')::date
) IS NULL
-- In one order everywhere, so that two batches can't wait for each other.
ORDER BY 1
ON CONFLICT DO NOTHING
