-- CreateEnum
CREATE TYPE "FeedbackOutcome" AS ENUM ('sent', 'edited', 'rejected', 'converted');

-- AlterTable
ALTER TABLE "Job" ADD COLUMN     "erasedAt" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "Insight" (
    "id" TEXT NOT NULL,
    "creatorId" TEXT,
    "fanId" TEXT,
    "jobId" TEXT,
    "stepKey" TEXT,
    "source" TEXT NOT NULL,
    "type" TEXT NOT NULL,
    "confidence" DOUBLE PRECISION NOT NULL,
    "text" TEXT NOT NULL,
    "data" JSONB NOT NULL DEFAULT '{}',
    "expiresAt" TIMESTAMPTZ(3),
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Insight_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "InsightOutcome" (
    "insightId" TEXT NOT NULL,
    "jobId" TEXT NOT NULL,
    "outcome" "FeedbackOutcome" NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "InsightOutcome_pkey" PRIMARY KEY ("insightId","jobId")
);

-- CreateTable
CREATE TABLE "Feedback" (
    "jobId" TEXT NOT NULL,
    "outcome" "FeedbackOutcome" NOT NULL,
    "text" TEXT,
    "amountUsd" DECIMAL(24,12),
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Feedback_pkey" PRIMARY KEY ("jobId")
);

-- CreateTable
CREATE TABLE "FanMemory" (
    "creatorId" TEXT NOT NULL,
    "fanId" TEXT NOT NULL,
    "summary" TEXT NOT NULL,
    "through" TIMESTAMPTZ(3) NOT NULL,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "FanMemory_pkey" PRIMARY KEY ("creatorId","fanId")
);

-- CreateIndex
CREATE INDEX "Insight_creatorId_type_createdAt_idx" ON "Insight"("creatorId", "type", "createdAt");

-- CreateIndex
CREATE UNIQUE INDEX "Insight_jobId_stepKey_key" ON "Insight"("jobId", "stepKey");

-- CreateIndex
CREATE INDEX "Job_creatorId_fanId_createdAt_idx" ON "Job"("creatorId", "fanId", "createdAt");

-- AddForeignKey
ALTER TABLE "Insight" ADD CONSTRAINT "Insight_creatorId_fkey" FOREIGN KEY ("creatorId") REFERENCES "Creator"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Insight" ADD CONSTRAINT "Insight_jobId_fkey" FOREIGN KEY ("jobId") REFERENCES "Job"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "InsightOutcome" ADD CONSTRAINT "InsightOutcome_insightId_fkey" FOREIGN KEY ("insightId") REFERENCES "Insight"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "InsightOutcome" ADD CONSTRAINT "InsightOutcome_jobId_fkey" FOREIGN KEY ("jobId") REFERENCES "Job"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Feedback" ADD CONSTRAINT "Feedback_jobId_fkey" FOREIGN KEY ("jobId") REFERENCES "Job"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "FanMemory" ADD CONSTRAINT "FanMemory_creatorId_fkey" FOREIGN KEY ("creatorId") REFERENCES "Creator"("id") ON DELETE RESTRICT ON UPDATE CASCADE;


-- A confidence is a share, and what tells of a fan stays with that fan's creator.
ALTER TABLE "Insight" ADD CONSTRAINT "Insight_confidence_check" CHECK ("confidence" BETWEEN 0 AND 1),
  ADD CONSTRAINT "Insight_fan_check" CHECK ("creatorId" IS NOT NULL OR "fanId" IS NULL);

-- Found by its words, in whatever language: "simple" takes them as they stand.
CREATE INDEX "Insight_search_idx" ON "Insight" USING gin (to_tsvector('simple', "text"));

-- What an erased fan's jobs have told.
CREATE INDEX "InsightOutcome_jobId_idx" ON "InsightOutcome"("jobId");

-- The events of an erased fan's jobs.
CREATE INDEX "Outbox_jobId_idx" ON "Outbox"("jobId");
