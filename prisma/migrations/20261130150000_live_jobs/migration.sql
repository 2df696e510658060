-- What was asked and what came of it stands in JobRecord, which is written when a job is accepted and when it ends. All that
-- changes in between stands in LiveJob, one row for each job that has not ended. The view Job has both, by the names of before.

-- Nothing may be accepted or end between the copy and the change.
LOCK TABLE "Job" IN ACCESS EXCLUSIVE MODE;

-- Takes its old table's name.
DROP FUNCTION understudy_job_matches("Job", jsonb);
ALTER TABLE "Job" RENAME TO "JobRecord";
ALTER TABLE "JobRecord" RENAME CONSTRAINT "Job_pkey" TO "JobRecord_pkey";
ALTER TABLE "JobRecord" RENAME CONSTRAINT "Job_creatorId_fkey" TO "JobRecord_creatorId_fkey";
ALTER TABLE "JobRecord" RENAME CONSTRAINT "Job_apiKeyId_fkey" TO "JobRecord_apiKeyId_fkey";
ALTER TABLE "JobRecord" RENAME CONSTRAINT "Job_id_form" TO "JobRecord_id_form";
ALTER TABLE "JobRecord" RENAME CONSTRAINT "Job_numbers" TO "JobRecord_numbers";
ALTER TABLE "JobRecord" RENAME CONSTRAINT "Job_retries" TO "JobRecord_retries";
ALTER TABLE "JobRecord" RENAME CONSTRAINT "Job_error_whole" TO "JobRecord_error_whole";
ALTER TABLE "JobRecord" RENAME CONSTRAINT "Job_error_step" TO "JobRecord_error_step";
ALTER TABLE "JobRecord" RENAME CONSTRAINT "Job_held" TO "JobRecord_held";
ALTER INDEX "Job_creatorId_createdAt_idx" RENAME TO "JobRecord_creatorId_createdAt_idx";
ALTER INDEX "Job_createdAt_idx" RENAME TO "JobRecord_createdAt_idx";
ALTER INDEX "Job_creatorId_fanId_createdAt_idx" RENAME TO "JobRecord_creatorId_fanId_createdAt_idx";
ALTER INDEX "Job_error_words" RENAME TO "JobRecord_error_words";
ALTER INDEX "Job_holds" RENAME TO "JobRecord_holds";

-- Jobs that have not ended ----------------------------------------------------------------------------

-- Rows come and go all the time: what they leave is swept before the lists that are read each second grow long with it. Half of a page
-- is room for openings to change a row where it stands (7,753 of 7,800 did; with full pages 7,266 of 11,800).
CREATE TABLE "LiveJob" (
    "id" TEXT NOT NULL,
    "agent" TEXT NOT NULL,
    "creatorId" TEXT NOT NULL,
    "apiKeyId" TEXT,
    "priority" INTEGER NOT NULL,
    "inputBytes" INTEGER NOT NULL,
    "notBefore" TIMESTAMPTZ(3),
    "expiresAt" TIMESTAMPTZ(3),
    "createdAt" TIMESTAMPTZ(3) NOT NULL,
    "status" "JobStatus" NOT NULL DEFAULT 'queued',
    "waitingFor" "WaitingFor",
    "neededUsd" DECIMAL(24,12),
    "runAt" TIMESTAMPTZ(3),
    "dispatchedAt" TIMESTAMPTZ(3),
    "generation" INTEGER NOT NULL DEFAULT 1,
    "attempt" INTEGER NOT NULL DEFAULT 0,
    "fences" INTEGER NOT NULL DEFAULT 0,
    "isPutOff" BOOLEAN NOT NULL DEFAULT false,
    "crashes" INTEGER NOT NULL DEFAULT 0,
    "tries" INTEGER NOT NULL DEFAULT 0,
    "hasToken" BOOLEAN NOT NULL DEFAULT false,
    "claimId" TEXT,
    "workerId" TEXT,
    "attemptDeadlineAt" TIMESTAMPTZ(3),
    "startedAt" TIMESTAMPTZ(3),
    "heldUsd" DECIMAL(24,12) NOT NULL DEFAULT 0,
    "heldMonth" DATE,
    "idleHoldUsd" DECIMAL(24,12) GENERATED ALWAYS AS (CASE WHEN "status" = 'queued' AND "heldUsd" > 0 THEN "heldUsd" END) STORED,

    CONSTRAINT "LiveJob_pkey" PRIMARY KEY ("id")
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);

INSERT INTO "LiveJob" ("id", "agent", "creatorId", "apiKeyId", "priority", "inputBytes", "notBefore", "expiresAt", "createdAt", "status",
  "waitingFor", "neededUsd", "runAt", "dispatchedAt", "generation", "attempt", "fences", "isPutOff", "crashes", "tries", "hasToken",
  "claimId", "workerId", "attemptDeadlineAt", "startedAt", "heldUsd", "heldMonth")
SELECT "id", "agent", "creatorId", "apiKeyId", "priority", "inputBytes", "notBefore", "expiresAt", "createdAt", "status",
  "waitingFor", "neededUsd", "runAt", "dispatchedAt", "generation", "attempt", "fences", "isPutOff", "crashes", "tries", "hasToken",
  "claimId", "workerId", "attemptDeadlineAt", "startedAt", "heldUsd", "heldMonth"
FROM "JobRecord" WHERE "status" IN ('queued', 'running');

ALTER TABLE "LiveJob"
  ADD CONSTRAINT "LiveJob_has_not_ended" CHECK ("status" IN ('queued', 'running')),
  ADD CONSTRAINT "LiveJob_numbers" CHECK ("priority" >= 1 AND "generation" >= 1 AND "attempt" >= 0 AND "crashes" >= 0 AND "tries" >= 0),
  ADD CONSTRAINT "LiveJob_running_has_attempt" CHECK ("status" <> 'running' OR ("attempt" >= 1 AND "startedAt" IS NOT NULL AND "attemptDeadlineAt" IS NOT NULL)),
  ADD CONSTRAINT "LiveJob_waiting_is_queued" CHECK ("waitingFor" IS NULL OR "status" = 'queued'),
  ADD CONSTRAINT "LiveJob_quota_waiter_says_for_what" CHECK ("neededUsd" IS NULL OR "waitingFor" IS NOT NULL),
  ADD CONSTRAINT "LiveJob_held" CHECK ("heldUsd" >= 0 AND ("heldUsd" = 0 OR "heldMonth" IS NOT NULL));

-- Work lists, as long as what is left to do, and none more: a claim writes an entry in each that it belongs to.
CREATE INDEX "LiveJob_of_creator" ON "LiveJob" ("creatorId");
CREATE INDEX "LiveJob_running" ON "LiveJob" ("attemptDeadlineAt") WHERE "status" = 'running';
CREATE INDEX "LiveJob_to_expire" ON "LiveJob" ("expiresAt") WHERE "expiresAt" IS NOT NULL;
CREATE INDEX "LiveJob_to_dispatch" ON "LiveJob" (coalesce("runAt", "createdAt"))
  WHERE "status" = 'queued' AND "dispatchedAt" IS NULL AND ("waitingFor" IS NULL OR "waitingFor" NOT IN ('quota', 'paused'));
CREATE INDEX "LiveJob_waits_for_room" ON "LiveJob" ("creatorId", "priority", "id") WHERE "waitingFor" IN ('quota', 'paused');
CREATE INDEX "LiveJob_suspects" ON "LiveJob" ("runAt") WHERE "status" = 'queued' AND "crashes" >= 2;
-- By a column that stands still while a job runs: an opening changes what is held, and writes no entry.
CREATE INDEX "LiveJob_idle_holds" ON "LiveJob" ("id") WHERE "idleHoldUsd" IS NOT NULL;

-- What was asked and what came of it --------------------------------------------------------------------

ALTER TABLE "JobRecord" ADD COLUMN "inLane" BOOLEAN NOT NULL DEFAULT false;
UPDATE "JobRecord" SET "inLane" = true
WHERE "startedAt" IS NULL AND "dispatchedAt" IS NOT NULL AND "status" IN ('cancelled', 'failed');

-- Takes indexes and rules with them.
ALTER TABLE "JobRecord" DROP COLUMN "waitingFor", DROP COLUMN "neededUsd", DROP COLUMN "runAt", DROP COLUMN "dispatchedAt",
  DROP COLUMN "isPutOff", DROP COLUMN "hasToken", DROP COLUMN "claimId", DROP COLUMN "workerId", DROP COLUMN "attemptDeadlineAt";
DROP INDEX "Job_queued", "Job_to_expire", "Job_queued_of_creator", "Job_failed", "Job_without_result";
ALTER TABLE "JobRecord" DROP CONSTRAINT "Job_terminal_has_end", DROP CONSTRAINT "Job_completed_has_result", DROP CONSTRAINT "Job_failed_has_error";
DROP TRIGGER "Job_end_is_final" ON "JobRecord";

ALTER TABLE "JobRecord" ALTER COLUMN "status" DROP DEFAULT, ALTER COLUMN "status" DROP NOT NULL;
UPDATE "JobRecord" SET "status" = NULL, "startedAt" = NULL, "heldUsd" = 0, "heldMonth" = NULL WHERE "status" IN ('queued', 'running');

-- Postgres leaves the indexes of a row alone that is changed in none of their columns (HOT). These two are null until a job
-- ends without a result, so one that is completed writes no entry anywhere.
ALTER TABLE "JobRecord"
  ADD COLUMN "withoutResult" "JobStatus" GENERATED ALWAYS AS (CASE WHEN "status" <> 'completed' THEN "status" END) STORED,
  ADD COLUMN "failedAt" TIMESTAMPTZ(3) GENERATED ALWAYS AS (CASE WHEN "status" = 'failed' THEN "finishedAt" END) STORED;
-- Room on its page for each row's end, and only for rows that are written from now on. Of 4,000 ends so many found it: 4,000 at 40, 2,260
-- at 50, 830 at 75, 60 at 100; and the table was smallest at 40, since no dead row was left on another page.
ALTER TABLE "JobRecord" SET (fillfactor = 40);
CREATE INDEX "JobRecord_failed" ON "JobRecord" ("failedAt", "id") WHERE "failedAt" IS NOT NULL;
CREATE INDEX "JobRecord_without_result" ON "JobRecord" ("withoutResult", "createdAt", "id") WHERE "withoutResult" IS NOT NULL;
-- Jobs that ended before they started and may still stand in their lane: few, and soon taken out.
CREATE INDEX "JobRecord_in_lane" ON "JobRecord" ("id") WHERE "inLane";

ALTER TABLE "JobRecord"
  ADD CONSTRAINT "JobRecord_status_is_terminal" CHECK ("status" NOT IN ('queued', 'running')),
  ADD CONSTRAINT "JobRecord_terminal_has_end" CHECK (("status" IS NULL) = ("finishedAt" IS NULL)),
  ADD CONSTRAINT "JobRecord_completed_has_result" CHECK (("status" IS NOT DISTINCT FROM 'completed') = ("result" IS NOT NULL)),
  ADD CONSTRAINT "JobRecord_failed_has_error" CHECK (coalesce("status" IN ('failed', 'blocked'), false) = ("errorCode" IS NOT NULL));

-- Invariant A: one terminal state. Only a retry opens a failed job again.
CREATE TRIGGER "JobRecord_end_is_final" BEFORE UPDATE ON "JobRecord" FOR EACH ROW
  WHEN (OLD."finishedAt" IS NOT NULL AND NEW."status" IS DISTINCT FROM OLD."status"
        AND NOT (OLD."status" = 'failed' AND NEW."retries" > OLD."retries"))
  EXECUTE FUNCTION understudy_refuse('a terminal job keeps its state');

-- Every job, as it is now -----------------------------------------------------------------------------

CREATE VIEW "Job" AS
SELECT record."id", record."agent", record."creatorId", record."apiKeyId", record."fanId", record."feature", record."model",
  coalesce(live."status", record."status") AS "status", live."waitingFor", record."input", record."inputBytes", record."result",
  record."errorCode", record."errorMessage", record."errorRetryable", record."errorResetsAt", record."errorStep", record."metadata",
  record."callbackUrl", record."callbackEndpointId", record."priority", record."notBefore", record."expiresAt",
  coalesce(live."generation", record."generation") AS "generation", coalesce(live."attempt", record."attempt") AS "attempt",
  coalesce(live."fences", record."fences") AS "fences", coalesce(live."isPutOff", false) AS "isPutOff",
  coalesce(live."crashes", record."crashes") AS "crashes", coalesce(live."tries", record."tries") AS "tries", record."retries",
  coalesce(live."hasToken", false) AS "hasToken", live."claimId", live."workerId", live."runAt", live."attemptDeadlineAt",
  coalesce(live."heldUsd", record."heldUsd") AS "heldUsd", coalesce(live."heldMonth", record."heldMonth") AS "heldMonth",
  live."neededUsd", live."dispatchedAt", record."createdAt", coalesce(live."startedAt", record."startedAt") AS "startedAt",
  record."finishedAt", record."traceparent", record."erasedAt"
FROM "JobRecord" AS record LEFT JOIN "LiveJob" AS live USING ("id");

-- What jobs hold for calls to come. An index leads to each part.
CREATE VIEW "JobHold" AS
SELECT "id", "creatorId", "apiKeyId", "heldMonth" AS "month", "heldUsd" FROM "LiveJob" WHERE "status" = 'running' AND "heldUsd" > 0
UNION ALL
SELECT "id", "creatorId", "apiKeyId", "heldMonth", "heldUsd" FROM "LiveJob" WHERE "idleHoldUsd" IS NOT NULL
UNION ALL
-- Ended by others than its attempt, and not given back yet.
SELECT "id", "creatorId", "apiKeyId", "heldMonth", "heldUsd" FROM "JobRecord" WHERE "heldUsd" > 0;

-- Whether a job is one of those that a list asks for: {creatorId?, creatorIds?, agent?, status?, from?, to?, afterAt?, afterId?},
-- all of which must hold; `from` is included, `to` is not; after: behind that job, the newest first. `live` is its row in LiveJob, if
-- there is one. In a statement that is planned for its parameters this is taken in, and what is not asked for falls away.
CREATE FUNCTION understudy_job_matches(job "JobRecord", live "LiveJob", filter jsonb) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT (filter ->> 'creatorId' IS NULL OR job."creatorId" = filter ->> 'creatorId')
    AND (filter -> 'creatorIds' IS NULL OR filter -> 'creatorIds' ? job."creatorId")
    AND (filter ->> 'agent' IS NULL OR job."agent" = filter ->> 'agent')
    AND CASE
      WHEN filter ->> 'status' IS NULL THEN true
      WHEN filter ->> 'status' IN ('queued', 'running') THEN live."status" = understudy_job_status(filter ->> 'status')
      WHEN filter ->> 'status' = 'completed' THEN job."status" = 'completed'
      ELSE job."withoutResult" = understudy_job_status(filter ->> 'status') END
    AND (filter ->> 'from' IS NULL OR job."createdAt" >= (filter ->> 'from')::timestamptz)
    AND (filter ->> 'to' IS NULL OR job."createdAt" < (filter ->> 'to')::timestamptz)
    AND (filter ->> 'afterAt' IS NULL OR job."createdAt" <= (filter ->> 'afterAt')::timestamptz
      AND (job."createdAt", job."id") < ((filter ->> 'afterAt')::timestamptz, filter ->> 'afterId'))
$$;
