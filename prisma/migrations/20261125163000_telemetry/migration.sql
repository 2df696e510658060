-- AlterTable
ALTER TABLE "Job" ADD COLUMN     "traceparent" TEXT;

-- Whose lanes stand still: read at each scrape of /metrics.
CREATE INDEX "Creator_paused" ON "Creator" ("id") WHERE "pausedAt" IS NOT NULL;
