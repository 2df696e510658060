-- What a provider refuses is looked for each minute among all calls: few are refused.
CREATE INDEX "UsageLog_refused" ON "UsageLog" ("settledAt") WHERE "httpStatus" >= 400 AND "httpStatus" < 500;

-- A search by the provider's words goes through the calls that have any.
CREATE INDEX "UsageLog_said" ON "UsageLog" ("startedAt", "id") WHERE "providerMessage" IS NOT NULL;

-- What an app is told of attempts: `attempt` is raised for the fence, also where nothing new began.
ALTER TABLE "Job" ADD COLUMN "fences" INTEGER NOT NULL DEFAULT 0, ADD COLUMN "isPutOff" BOOLEAN NOT NULL DEFAULT false;
