-- Brings the accounts of all creators into line with their calls. $1: []. Rows: none.
INSERT INTO "MonthlySpend" AS account ("creatorId", "month", "spentUsd")
SELECT "creatorId", "month", sum("costUsd") FROM "UsageLog" WHERE $1::jsonb IS NOT NULL GROUP BY 1, 2
ON CONFLICT ("creatorId", "month") DO UPDATE SET "spentUsd" = excluded."spentUsd"
