-- What jobs that wait take: a lane is bounded by the bytes of its inputs, too. Of jobs from before nobody knows.
ALTER TABLE "Job" ADD COLUMN "inputBytes" INTEGER NOT NULL DEFAULT 0;
CREATE INDEX "Job_queued_of_creator" ON "Job" ("creatorId") INCLUDE ("inputBytes") WHERE "status" = 'queued';
