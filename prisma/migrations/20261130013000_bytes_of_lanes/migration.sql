-- What jobs that wait take: a lane is bounded by the bytes of its inputs, too. Of jobs from before nobody knows.
ALTER TABLE "Job" ADD COLUMN "inputBytes" INTEGER NOT NULL DEFAULT 0;
CREATE INDEX "Job_queued_of_creator" ON "Job" ("creatorId") INCLUDE ("inputBytes") WHERE "status" = 'queued';

-- What is not due yet must not stand before what is: a million jobs for the year 9999 would be looked at with each round.
DROP INDEX "Job_to_dispatch";
CREATE INDEX "Job_to_dispatch" ON "Job" (coalesce("runAt", "createdAt"))
  WHERE "status" = 'queued' AND "dispatchedAt" IS NULL AND ("waitingFor" IS NULL OR "waitingFor" NOT IN ('quota', 'paused'));
