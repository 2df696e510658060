-- Each row that an attempt writes had Postgres look up and lock what it names, which the same statement had before it. Jobs, creators,
-- keys and prices are never deleted; npm run audit -- books asks for each of these all the same.
ALTER TABLE "UsageLog" DROP CONSTRAINT "UsageLog_jobId_fkey", DROP CONSTRAINT "UsageLog_creatorId_fkey",
  DROP CONSTRAINT "UsageLog_apiKeyId_fkey", DROP CONSTRAINT "UsageLog_priceId_fkey";
ALTER TABLE "Step" DROP CONSTRAINT "Step_jobId_fkey";
ALTER TABLE "Outbox" DROP CONSTRAINT "Outbox_jobId_fkey";
ALTER TABLE "Insight" DROP CONSTRAINT "Insight_jobId_fkey";

-- A call is written when it begins, and counts on no day before it has ended.
DROP TRIGGER "UsageLog_roll_up_inserted" ON "UsageLog";
