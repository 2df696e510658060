-- Jobs that ended before they started and may still stand in their lane: few, and soon taken out.
CREATE INDEX "Job_ended_in_lane" ON "Job" ("id")
  WHERE "startedAt" IS NULL AND "dispatchedAt" IS NOT NULL AND "status" IN ('cancelled', 'failed');
