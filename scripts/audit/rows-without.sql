-- Rows without what they name, also where a foreign key would keep them from that.
-- $1: [{month?, creatorId?, limit}], one item: those of that time, of that creator, as far as they say it themselves.
-- Rows: {what, whose, is, shouldBe}, `limit` at most.
SELECT 'row_without' AS "what", "kind" || ' ' || "id" AS "whose", 'names the ' || "names" || ' ' || "missing" AS "is",
  'a ' || "names" || ' that is there' AS "shouldBe"
FROM (
  SELECT 'call' AS "kind", own."id", 'job' AS "names", own."jobId" AS "missing", own."creatorId", own."startedAt" AS "at"
  FROM "UsageLog" AS own WHERE NOT EXISTS (SELECT FROM "JobRecord" WHERE "JobRecord"."id" = own."jobId")
  UNION ALL
  SELECT 'call', own."id", 'creator', own."creatorId", own."creatorId", own."startedAt"
  FROM "UsageLog" AS own WHERE NOT EXISTS (SELECT FROM "Creator" WHERE "Creator"."id" = own."creatorId")
  UNION ALL
  SELECT 'call', own."id", 'key', own."apiKeyId", own."creatorId", own."startedAt"
  FROM "UsageLog" AS own WHERE own."apiKeyId" IS NOT NULL AND NOT EXISTS (SELECT FROM "ApiKey" WHERE "ApiKey"."id" = own."apiKeyId")
  UNION ALL
  SELECT 'call', own."id", 'price', own."priceId"::text, own."creatorId", own."startedAt"
  FROM "UsageLog" AS own WHERE NOT EXISTS (SELECT FROM "Price" WHERE "Price"."id" = own."priceId")
  UNION ALL
  SELECT 'job', own."id", 'creator', own."creatorId", own."creatorId", own."createdAt"
  FROM "JobRecord" AS own WHERE NOT EXISTS (SELECT FROM "Creator" WHERE "Creator"."id" = own."creatorId")
  UNION ALL
  SELECT 'job', own."id", 'key', own."apiKeyId", own."creatorId", own."createdAt"
  FROM "JobRecord" AS own WHERE own."apiKeyId" IS NOT NULL AND NOT EXISTS (SELECT FROM "ApiKey" WHERE "ApiKey"."id" = own."apiKeyId")
  UNION ALL
  SELECT 'live job', own."id", 'job', own."id", own."creatorId", own."createdAt"
  FROM "LiveJob" AS own WHERE NOT EXISTS (SELECT FROM "JobRecord" WHERE "JobRecord"."id" = own."id")
  UNION ALL
  SELECT 'step', own."jobId" || ' ' || own."key", 'job', own."jobId", NULL, own."createdAt"
  FROM "Step" AS own WHERE NOT EXISTS (SELECT FROM "JobRecord" WHERE "JobRecord"."id" = own."jobId")
  UNION ALL
  SELECT 'idempotency record', own."ownerId" || ' ' || own."key", 'job', own."jobId", NULL, own."expiresAt" - interval '24 hours'
  FROM "IdempotencyRecord" AS own WHERE NOT EXISTS (SELECT FROM "JobRecord" WHERE "JobRecord"."id" = own."jobId")
  UNION ALL
  SELECT 'event', own."id", 'job', own."jobId", own."creatorId", own."createdAt"
  FROM "Outbox" AS own WHERE own."jobId" IS NOT NULL AND NOT EXISTS (SELECT FROM "JobRecord" WHERE "JobRecord"."id" = own."jobId")
  UNION ALL
  SELECT 'event', own."id", 'creator', own."creatorId", own."creatorId", own."createdAt"
  FROM "Outbox" AS own WHERE own."creatorId" IS NOT NULL AND NOT EXISTS (SELECT FROM "Creator" WHERE "Creator"."id" = own."creatorId")
  UNION ALL
  SELECT 'delivery', own."id", 'event', own."eventId", own."creatorId", own."createdAt"
  FROM "Delivery" AS own WHERE NOT EXISTS (SELECT FROM "Outbox" WHERE "Outbox"."id" = own."eventId")
  UNION ALL
  SELECT 'delivery', own."id", 'endpoint', own."endpointId", own."creatorId", own."createdAt"
  FROM "Delivery" AS own WHERE NOT EXISTS (SELECT FROM "WebhookEndpoint" WHERE "WebhookEndpoint"."id" = own."endpointId")
  UNION ALL
  SELECT 'try', own."deliveryId" || ' ' || own."number", 'delivery', own."deliveryId", NULL, own."at"
  FROM "DeliveryTry" AS own WHERE NOT EXISTS (SELECT FROM "Delivery" WHERE "Delivery"."id" = own."deliveryId")
  UNION ALL
  SELECT 'insight', own."id", 'job', own."jobId", own."creatorId", own."createdAt"
  FROM "Insight" AS own WHERE own."jobId" IS NOT NULL AND NOT EXISTS (SELECT FROM "JobRecord" WHERE "JobRecord"."id" = own."jobId")
  UNION ALL
  SELECT 'insight', own."id", 'creator', own."creatorId", own."creatorId", own."createdAt"
  FROM "Insight" AS own WHERE own."creatorId" IS NOT NULL AND NOT EXISTS (SELECT FROM "Creator" WHERE "Creator"."id" = own."creatorId")
  UNION ALL
  SELECT 'outcome', own."insightId" || ' ' || own."jobId", 'job', own."jobId", NULL, own."createdAt"
  FROM "InsightOutcome" AS own WHERE NOT EXISTS (SELECT FROM "JobRecord" WHERE "JobRecord"."id" = own."jobId")
  UNION ALL
  SELECT 'outcome', own."insightId" || ' ' || own."jobId", 'insight', own."insightId", NULL, own."createdAt"
  FROM "InsightOutcome" AS own WHERE NOT EXISTS (SELECT FROM "Insight" WHERE "Insight"."id" = own."insightId")
  UNION ALL
  SELECT 'feedback', own."jobId", 'job', own."jobId", NULL, own."createdAt"
  FROM "Feedback" AS own WHERE NOT EXISTS (SELECT FROM "JobRecord" WHERE "JobRecord"."id" = own."jobId")
  UNION ALL
  SELECT 'memory', own."creatorId" || ' ' || own."fanId", 'creator', own."creatorId", own."creatorId", own."updatedAt"
  FROM "FanMemory" AS own WHERE NOT EXISTS (SELECT FROM "Creator" WHERE "Creator"."id" = own."creatorId")
  UNION ALL
  SELECT 'account', own."id", 'creator', own."creatorId", own."creatorId", own."month"::timestamp AT TIME ZONE 'UTC'
  FROM "Account" AS own WHERE own."creatorId" IS NOT NULL AND NOT EXISTS (SELECT FROM "Creator" WHERE "Creator"."id" = own."creatorId")
  UNION ALL
  SELECT 'account', own."id", 'key', own."apiKeyId", own."creatorId", NULL
  FROM "Account" AS own WHERE own."apiKeyId" IS NOT NULL AND NOT EXISTS (SELECT FROM "ApiKey" WHERE "ApiKey"."id" = own."apiKeyId")
  UNION ALL
  SELECT DISTINCT 'day', own."creatorId" || ' ' || own."day", 'creator', own."creatorId", own."creatorId", own."day"::timestamp AT TIME ZONE 'UTC'
  FROM "DailyUsage" AS own WHERE NOT EXISTS (SELECT FROM "Creator" WHERE "Creator"."id" = own."creatorId")
  UNION ALL
  SELECT 'charge', own."creatorId" || ' ' || to_char(own."month", 'YYYY-MM'), 'creator', own."creatorId", own."creatorId",
    own."month"::timestamp AT TIME ZONE 'UTC'
  FROM "MonthlyCharge" AS own WHERE NOT EXISTS (SELECT FROM "Creator" WHERE "Creator"."id" = own."creatorId")
  UNION ALL
  SELECT 'charge', own."creatorId" || ' ' || to_char(own."month", 'YYYY-MM'), 'plan', own."planName", own."creatorId",
    own."month"::timestamp AT TIME ZONE 'UTC'
  FROM "MonthlyCharge" AS own WHERE NOT EXISTS (SELECT FROM "Plan" WHERE "Plan"."name" = own."planName")
  UNION ALL
  SELECT 'creator', own."id", 'plan', own."planName", own."id", own."createdAt"
  FROM "Creator" AS own WHERE NOT EXISTS (SELECT FROM "Plan" WHERE "Plan"."name" = own."planName")
  UNION ALL
  SELECT 'role', own."role" || ' ' || own."id", 'plan', own."planName", own."creatorId", NULL
  FROM "RoleModels" AS own WHERE own."planName" IS NOT NULL AND NOT EXISTS (SELECT FROM "Plan" WHERE "Plan"."name" = own."planName")
  UNION ALL
  SELECT 'role', own."role" || ' ' || own."id", 'creator', own."creatorId", own."creatorId", NULL
  FROM "RoleModels" AS own WHERE own."creatorId" IS NOT NULL AND NOT EXISTS (SELECT FROM "Creator" WHERE "Creator"."id" = own."creatorId")
  UNION ALL
  SELECT 'alert', own."id", 'creator', own."creatorId", own."creatorId", own."createdAt"
  FROM "Alert" AS own WHERE own."creatorId" IS NOT NULL AND NOT EXISTS (SELECT FROM "Creator" WHERE "Creator"."id" = own."creatorId")
) AS missing
-- include ./narrowed.sql
LIMIT ($1::jsonb -> 0 ->> 'limit')::int
