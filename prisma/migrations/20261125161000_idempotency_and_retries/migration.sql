-- CreateTable
CREATE TABLE "IdempotencyRecord" (
    "ownerId" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "fingerprint" TEXT NOT NULL,
    "jobId" TEXT NOT NULL,
    "admission" JSONB,
    "expiresAt" TIMESTAMPTZ(3) NOT NULL DEFAULT (now() + '24:00:00'::interval),

    CONSTRAINT "IdempotencyRecord_pkey" PRIMARY KEY ("ownerId","key")
);

-- CreateIndex
CREATE INDEX "IdempotencyRecord_jobId_idx" ON "IdempotencyRecord"("jobId");

-- CreateIndex
CREATE INDEX "IdempotencyRecord_expiresAt_idx" ON "IdempotencyRecord"("expiresAt");

-- AddForeignKey
ALTER TABLE "IdempotencyRecord" ADD CONSTRAINT "IdempotencyRecord_jobId_fkey" FOREIGN KEY ("jobId") REFERENCES "Job"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AlterTable
ALTER TABLE "Job" ADD COLUMN     "errorStep" TEXT,
ADD COLUMN     "retriedAttempt" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "retries" INTEGER NOT NULL DEFAULT 0;

-- AlterTable
ALTER TABLE "Outbox" ADD COLUMN     "jobEnd" JSONB;

-- What is old is deleted in the order of its age. A BRIN index, which never forgets what a page once held, would come to
-- name every page, since deleted rows make room for new ones.
DROP INDEX "Outbox_createdAt_idx";
CREATE INDEX "Outbox_createdAt_idx" ON "Outbox"("createdAt");

-- Rules that the schema file can't say --------------------------------------------------------------

ALTER TABLE "Job" ADD CONSTRAINT "Job_retries" CHECK ("retries" >= 0 AND "retriedAttempt" BETWEEN 0 AND "attempt"),
  ADD CONSTRAINT "Job_error_step" CHECK ("errorStep" IS NULL OR "errorCode" IS NOT NULL);
ALTER TABLE "Outbox" ADD CONSTRAINT "Outbox_end_of_job" CHECK ("jobEnd" IS NULL OR "jobId" IS NOT NULL);

-- Jobs that ended without a result are few, and looked for among all others: by state, by code, and by the words of
-- their error.
CREATE INDEX "Job_failed" ON "Job" ("finishedAt", "id") WHERE "status" = 'failed';
CREATE INDEX "Job_without_result" ON "Job" ("status", "createdAt", "id") WHERE "status" IN ('failed', 'blocked', 'cancelled');
CREATE INDEX "Job_error_words" ON "Job" USING gin (to_tsvector('simple', "errorCode" || ' ' || "errorMessage")) WHERE "errorCode" IS NOT NULL;

-- A state from text, for statements that are planned anew for their parameters: a cast could be anything until it is
-- run, and no index of some states would be used.
CREATE FUNCTION understudy_job_status(status text) RETURNS "JobStatus" LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT status::"JobStatus" $$;
