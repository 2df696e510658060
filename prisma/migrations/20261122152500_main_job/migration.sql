-- CreateEnum
CREATE TYPE "JobStatus" AS ENUM ('queued', 'running', 'completed', 'failed', 'blocked', 'cancelled');

-- CreateEnum
CREATE TYPE "WaitingFor" AS ENUM ('token', 'quota', 'provider', 'worker', 'time', 'paused');

-- CreateEnum
CREATE TYPE "CallStatus" AS ENUM ('started', 'settled', 'released', 'unknown');

-- CreateEnum
CREATE TYPE "Provider" AS ENUM ('gemini', 'emulator');

-- CreateEnum
CREATE TYPE "ServiceTier" AS ENUM ('standard', 'flex', 'priority', 'batch');

-- CreateEnum
CREATE TYPE "PlanUsage" AS ENUM ('billed', 'included');

-- CreateEnum
CREATE TYPE "ChargeStatus" AS ENUM ('draft', 'closed');

-- CreateTable
CREATE TABLE "Plan" (
    "name" TEXT NOT NULL,
    "priceUsd" DECIMAL(24,12) NOT NULL DEFAULT 0,
    "quotaUsd" DECIMAL(24,12),
    "ratePerHour" DECIMAL(12,3) NOT NULL DEFAULT 100,
    "burst" INTEGER NOT NULL DEFAULT 20,
    "weight" INTEGER NOT NULL DEFAULT 1,
    "usage" "PlanUsage" NOT NULL DEFAULT 'billed',
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Plan_pkey" PRIMARY KEY ("name")
);

-- CreateTable
CREATE TABLE "Creator" (
    "id" TEXT NOT NULL,
    "planName" TEXT NOT NULL DEFAULT 'starter',
    "ratePerHour" DECIMAL(12,3),
    "burst" INTEGER,
    "quotaUsd" DECIMAL(24,12),
    "profile" JSONB,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Creator_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Job" (
    "id" TEXT NOT NULL,
    "agent" TEXT NOT NULL,
    "creatorId" TEXT NOT NULL,
    "fanId" TEXT,
    "feature" TEXT NOT NULL,
    "model" TEXT NOT NULL,
    "status" "JobStatus" NOT NULL DEFAULT 'queued',
    "waitingFor" "WaitingFor",
    "input" JSONB NOT NULL,
    "result" JSONB,
    "errorCode" TEXT,
    "errorMessage" TEXT,
    "errorRetryable" BOOLEAN,
    "metadata" JSONB,
    "priority" INTEGER NOT NULL DEFAULT 100,
    "notBefore" TIMESTAMPTZ(3),
    "expiresAt" TIMESTAMPTZ(3),
    "generation" INTEGER NOT NULL DEFAULT 1,
    "attempt" INTEGER NOT NULL DEFAULT 0,
    "crashes" INTEGER NOT NULL DEFAULT 0,
    "attemptDeadlineAt" TIMESTAMPTZ(3),
    "dispatchedAt" TIMESTAMPTZ(3),
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "startedAt" TIMESTAMPTZ(3),
    "finishedAt" TIMESTAMPTZ(3),

    CONSTRAINT "Job_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Step" (
    "jobId" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "agentId" TEXT NOT NULL,
    "result" JSONB NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Step_pkey" PRIMARY KEY ("jobId","key")
);

-- CreateTable
CREATE TABLE "UsageLog" (
    "id" TEXT NOT NULL,
    "jobId" TEXT NOT NULL,
    "attempt" INTEGER NOT NULL,
    "stepKey" TEXT NOT NULL,
    "creatorId" TEXT NOT NULL,
    "agentId" TEXT NOT NULL,
    "feature" TEXT NOT NULL,
    "model" TEXT NOT NULL,
    "provider" "Provider",
    "serviceTier" "ServiceTier" NOT NULL,
    "status" "CallStatus" NOT NULL DEFAULT 'started',
    "month" DATE NOT NULL,
    "priceId" INTEGER NOT NULL,
    "holdUsd" DECIMAL(24,12) NOT NULL,
    "costUsd" DECIMAL(24,12),
    "inputTokens" INTEGER NOT NULL DEFAULT 0,
    "cachedTokens" INTEGER NOT NULL DEFAULT 0,
    "outputTokens" INTEGER NOT NULL DEFAULT 0,
    "thoughtTokens" INTEGER NOT NULL DEFAULT 0,
    "usageMetadata" JSONB,
    "estimated" BOOLEAN NOT NULL DEFAULT false,
    "finishReason" TEXT,
    "httpStatus" INTEGER,
    "errorCode" TEXT,
    "startedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "deadlineAt" TIMESTAMPTZ(3) NOT NULL,
    "settledAt" TIMESTAMPTZ(3),

    CONSTRAINT "UsageLog_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Price" (
    "id" SERIAL NOT NULL,
    "model" TEXT NOT NULL,
    "serviceTier" "ServiceTier" NOT NULL,
    "validFrom" TIMESTAMPTZ(3) NOT NULL,
    "inputUsd" DECIMAL(24,12) NOT NULL,
    "outputUsd" DECIMAL(24,12) NOT NULL,
    "cachedUsd" DECIMAL(24,12) NOT NULL,
    "audioInputUsd" DECIMAL(24,12) NOT NULL,
    "audioCachedUsd" DECIMAL(24,12) NOT NULL,
    "longContextAbove" INTEGER,
    "longInputUsd" DECIMAL(24,12),
    "longOutputUsd" DECIMAL(24,12),
    "longCachedUsd" DECIMAL(24,12),
    "source" TEXT NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Price_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "MonthlySpend" (
    "creatorId" TEXT NOT NULL,
    "month" DATE NOT NULL,
    "spentUsd" DECIMAL(24,12) NOT NULL DEFAULT 0,
    "heldUsd" DECIMAL(24,12) NOT NULL DEFAULT 0,
    "unknownUsd" DECIMAL(24,12) NOT NULL DEFAULT 0,

    CONSTRAINT "MonthlySpend_pkey" PRIMARY KEY ("creatorId","month")
);

-- CreateTable
CREATE TABLE "MonthlyCharge" (
    "creatorId" TEXT NOT NULL,
    "month" DATE NOT NULL,
    "status" "ChargeStatus" NOT NULL DEFAULT 'draft',
    "planName" TEXT NOT NULL,
    "planPriceUsd" DECIMAL(24,12) NOT NULL,
    "costUsd" DECIMAL(24,12) NOT NULL DEFAULT 0,
    "roundedUsd" DECIMAL(14,2) NOT NULL DEFAULT 0,
    "adjustments" JSONB NOT NULL DEFAULT '[]',
    "amountUsd" DECIMAL(14,2) NOT NULL DEFAULT 0,
    "tokensInput" BIGINT NOT NULL DEFAULT 0,
    "tokensOutput" BIGINT NOT NULL DEFAULT 0,
    "byAgent" JSONB NOT NULL DEFAULT '{}',
    "byFeature" JSONB NOT NULL DEFAULT '{}',
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "closedAt" TIMESTAMPTZ(3),

    CONSTRAINT "MonthlyCharge_pkey" PRIMARY KEY ("creatorId","month")
);

-- CreateTable
CREATE TABLE "Outbox" (
    "id" TEXT NOT NULL,
    "type" TEXT NOT NULL,
    "creatorId" TEXT NOT NULL,
    "jobId" TEXT,
    "payload" JSONB,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "publishedAt" TIMESTAMPTZ(3),

    CONSTRAINT "Outbox_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "Job_creatorId_createdAt_idx" ON "Job"("creatorId", "createdAt");

-- CreateIndex
CREATE INDEX "Job_createdAt_idx" ON "Job"("createdAt");

-- CreateIndex
CREATE INDEX "UsageLog_jobId_idx" ON "UsageLog"("jobId");

-- CreateIndex
CREATE INDEX "UsageLog_startedAt_id_idx" ON "UsageLog"("startedAt", "id");

-- CreateIndex
CREATE INDEX "UsageLog_creatorId_startedAt_idx" ON "UsageLog"("creatorId", "startedAt");

-- CreateIndex
CREATE UNIQUE INDEX "Price_model_serviceTier_validFrom_key" ON "Price"("model", "serviceTier", "validFrom");

-- AddForeignKey
ALTER TABLE "Creator" ADD CONSTRAINT "Creator_planName_fkey" FOREIGN KEY ("planName") REFERENCES "Plan"("name") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Job" ADD CONSTRAINT "Job_creatorId_fkey" FOREIGN KEY ("creatorId") REFERENCES "Creator"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Step" ADD CONSTRAINT "Step_jobId_fkey" FOREIGN KEY ("jobId") REFERENCES "Job"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "UsageLog" ADD CONSTRAINT "UsageLog_jobId_fkey" FOREIGN KEY ("jobId") REFERENCES "Job"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "UsageLog" ADD CONSTRAINT "UsageLog_creatorId_fkey" FOREIGN KEY ("creatorId") REFERENCES "Creator"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "UsageLog" ADD CONSTRAINT "UsageLog_priceId_fkey" FOREIGN KEY ("priceId") REFERENCES "Price"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "MonthlySpend" ADD CONSTRAINT "MonthlySpend_creatorId_fkey" FOREIGN KEY ("creatorId") REFERENCES "Creator"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "MonthlyCharge" ADD CONSTRAINT "MonthlyCharge_creatorId_fkey" FOREIGN KEY ("creatorId") REFERENCES "Creator"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "MonthlyCharge" ADD CONSTRAINT "MonthlyCharge_planName_fkey" FOREIGN KEY ("planName") REFERENCES "Plan"("name") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Outbox" ADD CONSTRAINT "Outbox_jobId_fkey" FOREIGN KEY ("jobId") REFERENCES "Job"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Rules that the schema file can't say --------------------------------------------------------------

ALTER TABLE "Plan"
  ADD CONSTRAINT "Plan_name_form" CHECK ("name" ~ '^[a-z0-9_-]{1,32}$'),
  ADD CONSTRAINT "Plan_amounts" CHECK ("priceUsd" >= 0 AND "quotaUsd" >= 0),
  ADD CONSTRAINT "Plan_bucket" CHECK ("ratePerHour" > 0 AND "burst" >= 1 AND "weight" >= 1);

ALTER TABLE "Creator"
  ADD CONSTRAINT "Creator_id_form" CHECK ("id" ~ '^[A-Za-z0-9_.-]{1,64}$'),
  ADD CONSTRAINT "Creator_quota" CHECK ("quotaUsd" >= 0),
  ADD CONSTRAINT "Creator_bucket" CHECK ("ratePerHour" > 0 AND "burst" >= 1),
  ADD CONSTRAINT "Creator_bucket_whole" CHECK (("ratePerHour" IS NULL) = ("burst" IS NULL));

ALTER TABLE "Job"
  ADD CONSTRAINT "Job_id_form" CHECK ("id" ~ '^job_[0-9A-Za-z]+$'),
  ADD CONSTRAINT "Job_numbers" CHECK ("priority" >= 1 AND "generation" >= 1 AND "attempt" >= 0 AND "crashes" >= 0),
  ADD CONSTRAINT "Job_terminal_has_end" CHECK (("status" IN ('queued', 'running')) = ("finishedAt" IS NULL)),
  ADD CONSTRAINT "Job_running_has_attempt" CHECK ("status" <> 'running' OR ("attempt" >= 1 AND "startedAt" IS NOT NULL AND "attemptDeadlineAt" IS NOT NULL)),
  ADD CONSTRAINT "Job_completed_has_result" CHECK (("status" = 'completed') = ("result" IS NOT NULL)),
  ADD CONSTRAINT "Job_failed_has_error" CHECK (("status" IN ('failed', 'blocked')) = ("errorCode" IS NOT NULL)),
  ADD CONSTRAINT "Job_error_whole" CHECK (("errorCode" IS NULL) = ("errorMessage" IS NULL) AND ("errorCode" IS NULL) = ("errorRetryable" IS NULL)),
  ADD CONSTRAINT "Job_waiting_is_queued" CHECK ("waitingFor" IS NULL OR "status" = 'queued');

ALTER TABLE "UsageLog"
  ADD CONSTRAINT "UsageLog_id_form" CHECK ("id" ~ '^call_[0-9A-Za-z]+$'),
  ADD CONSTRAINT "UsageLog_month_is_first_day" CHECK (extract(day FROM "month") = 1),
  ADD CONSTRAINT "UsageLog_hold" CHECK ("holdUsd" >= 0),
  ADD CONSTRAINT "UsageLog_cost_when_ended" CHECK (("status" IN ('settled', 'released')) = ("costUsd" IS NOT NULL)),
  ADD CONSTRAINT "UsageLog_cost" CHECK ("costUsd" >= 0 AND ("status" <> 'released' OR "costUsd" = 0)),
  ADD CONSTRAINT "UsageLog_end" CHECK (("status" = 'started') = ("settledAt" IS NULL)),
  ADD CONSTRAINT "UsageLog_tokens" CHECK ("inputTokens" >= 0 AND "outputTokens" >= 0 AND "thoughtTokens" >= 0 AND "cachedTokens" BETWEEN 0 AND "inputTokens");

ALTER TABLE "Price"
  ADD CONSTRAINT "Price_amounts" CHECK (least("inputUsd", "outputUsd", "cachedUsd", "audioInputUsd", "audioCachedUsd", "longInputUsd", "longOutputUsd", "longCachedUsd") >= 0),
  ADD CONSTRAINT "Price_long_whole" CHECK (num_nulls("longContextAbove", "longInputUsd", "longOutputUsd", "longCachedUsd") IN (0, 4)),
  ADD CONSTRAINT "Price_source" CHECK ("source" <> '');

ALTER TABLE "MonthlySpend"
  ADD CONSTRAINT "MonthlySpend_month_is_first_day" CHECK (extract(day FROM "month") = 1),
  ADD CONSTRAINT "MonthlySpend_amounts" CHECK ("spentUsd" >= 0 AND "heldUsd" >= 0 AND "unknownUsd" >= 0);

ALTER TABLE "MonthlyCharge"
  ADD CONSTRAINT "MonthlyCharge_month_is_first_day" CHECK (extract(day FROM "month") = 1),
  ADD CONSTRAINT "MonthlyCharge_closed_has_time" CHECK (("status" = 'closed') = ("closedAt" IS NOT NULL)),
  ADD CONSTRAINT "MonthlyCharge_rounding" CHECK ("roundedUsd" = round("costUsd", 2));

ALTER TABLE "Outbox"
  ADD CONSTRAINT "Outbox_says_something" CHECK (("jobId" IS NULL) <> ("payload" IS NULL));


-- The sweeper's and the publisher's work lists: as long as what is left to do.
CREATE INDEX "Job_to_dispatch" ON "Job" ("createdAt") WHERE "status" = 'queued' AND "dispatchedAt" IS NULL;
CREATE INDEX "Job_queued" ON "Job" ("id") WHERE "status" = 'queued';
CREATE INDEX "Job_running" ON "Job" ("attemptDeadlineAt") WHERE "status" = 'running';
CREATE INDEX "Job_to_expire" ON "Job" ("expiresAt") WHERE "status" = 'queued' AND "expiresAt" IS NOT NULL;
CREATE INDEX "UsageLog_open" ON "UsageLog" ("deadlineAt") WHERE "status" = 'started';
CREATE INDEX "Outbox_to_publish" ON "Outbox" ("createdAt") WHERE "publishedAt" IS NULL;

CREATE FUNCTION understudy_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '%', TG_ARGV[0];
END $$;

-- Invariant A: one terminal state. Only a new generation (an operator's retry) opens a failed job again.
CREATE TRIGGER "Job_end_is_final" BEFORE UPDATE ON "Job" FOR EACH ROW
  WHEN (OLD."finishedAt" IS NOT NULL AND NEW."status" IS DISTINCT FROM OLD."status"
        AND NOT (OLD."status" = 'failed' AND NEW."generation" > OLD."generation"))
  EXECUTE FUNCTION understudy_refuse('a terminal job keeps its state');

CREATE TRIGGER "UsageLog_keeps_cost" BEFORE UPDATE ON "UsageLog" FOR EACH ROW
  WHEN (OLD."status" = 'settled' AND (NEW."status" <> 'settled' OR NEW."costUsd" <> OLD."costUsd"))
  EXECUTE FUNCTION understudy_refuse('a settled call keeps its cost');

CREATE TRIGGER "UsageLog_keeps_rows" BEFORE DELETE ON "UsageLog" FOR EACH ROW
  EXECUTE FUNCTION understudy_refuse('a call is never deleted');

CREATE TRIGGER "Price_keeps_rows" BEFORE UPDATE OR DELETE ON "Price" FOR EACH ROW
  EXECUTE FUNCTION understudy_refuse('a price is never edited: add a row that is valid from a later time');

CREATE TRIGGER "MonthlyCharge_closed_is_final" BEFORE UPDATE OR DELETE ON "MonthlyCharge" FOR EACH ROW
  WHEN (OLD."status" = 'closed')
  EXECUTE FUNCTION understudy_refuse('a closed month is never edited: adjust the next one');
