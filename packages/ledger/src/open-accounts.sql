-- Gives what pays an account where it has none: an account must be there before it can be locked.
-- $1: [{creatorId, apiKeyId?, month}]: the accounts on which a call of these would count. No rows.
WITH payer AS (
  SELECT DISTINCT payer.* FROM jsonb_to_recordset($1::jsonb) AS r("creatorId" text, "apiKeyId" text, "month" text)
  CROSS JOIN LATERAL understudy_payers(r."creatorId", r."apiKeyId", (r."month" || '-01')::date) AS payer
)
INSERT INTO "Account" ("id", "kind", "creatorId", "apiKeyId", "month")
SELECT "id", "kind", "ofCreator", "ofKey", "ofMonth" FROM payer
-- ON CONFLICT waits for whoever changes a row that is there: those that can be seen are left out before. Looked up
-- one by one, by the key.
WHERE (SELECT 1 FROM "Account" WHERE "Account"."id" = payer."id") IS NULL
-- In one order everywhere, so that two batches can't wait for each other.
ORDER BY 1
ON CONFLICT DO NOTHING
