-- AlterTable
ALTER TABLE "Creator" ADD COLUMN     "pausedAt" TIMESTAMPTZ(3);

-- CreateIndex
CREATE INDEX "Creator_updatedAt_idx" ON "Creator"("updatedAt");

-- What bounds and weighs a creator's jobs: {ratePerHour, burst, weight, creatorSince, isPaused}. A creator that is
-- being made (no row yet) has its plan's terms.
CREATE FUNCTION understudy_lane_terms(creator "Creator", plan "Plan") RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object(
    'ratePerHour', coalesce(creator."ratePerHour", plan."ratePerHour"),
    'burst', coalesce(creator."burst", plan."burst"),
    'weight', plan."weight",
    'creatorSince', coalesce(creator."createdAt", now()),
    'isPaused', creator."pausedAt" IS NOT NULL)
$$;
