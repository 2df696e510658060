-- Postgres alone decides what becomes of a job: when it runs again, how often it was tried, who runs it, and whether they live.
ALTER TABLE "Job"
  ADD COLUMN "runAt" timestamptz(3),
  ADD COLUMN "tries" integer NOT NULL DEFAULT 0,
  ADD COLUMN "hasToken" boolean NOT NULL DEFAULT false,
  ADD COLUMN "claimId" text,
  ADD COLUMN "workerId" text;

CREATE TABLE "Lease" (
  "name" text NOT NULL,
  "holder" text NOT NULL,
  "since" timestamptz(3) NOT NULL,
  "until" timestamptz(3) NOT NULL,
  CONSTRAINT "Lease_pkey" PRIMARY KEY ("name")
);

-- Who had been attempted since it was asked for, or for again, has taken its token. What had to be attempted again stood in
-- BullMQ; now it is dispatched anew.
UPDATE "Job" SET "hasToken" = true, "dispatchedAt" = NULL, "generation" = "generation" + 1, "runAt" = now()
WHERE "status" = 'queued' AND "attempt" <> "retriedAttempt" AND ("waitingFor" IS NULL OR "waitingFor" NOT IN ('quota', 'paused'));
UPDATE "Job" SET "hasToken" = true WHERE "status" IN ('queued', 'running') AND "attempt" <> "retriedAttempt";

DROP INDEX "Job_to_attempt_again";
ALTER TABLE "Job" DROP CONSTRAINT "Job_retries", DROP COLUMN "retriedAttempt",
  ADD CONSTRAINT "Job_retries" CHECK ("retries" >= 0 AND "tries" >= 0);

-- Jobs that must run alone: few.
CREATE INDEX "Job_suspects" ON "Job" ("runAt") WHERE "status" = 'queued' AND "crashes" >= 2;

ALTER TYPE "AlertType" ADD VALUE 'not_storable';
ALTER TYPE "AlertType" ADD VALUE 'redis_evicts';
