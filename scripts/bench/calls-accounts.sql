-- Brings all accounts into line with their calls, which have all ended. $1: []. Rows: none.
INSERT INTO "Account" AS account ("id", "kind", "creatorId", "apiKeyId", "month", "spentUsd")
SELECT payer."id", "kind", "ofCreator", "ofKey", "ofMonth", sum("costUsd")
FROM "UsageLog" CROSS JOIN LATERAL understudy_payers("creatorId", "apiKeyId", "month") AS payer
WHERE $1::jsonb IS NOT NULL
GROUP BY 1, 2, 3, 4, 5
ON CONFLICT ("id") DO UPDATE SET "spentUsd" = excluded."spentUsd"
