-- Webhooks need no queue: a worker claims deliveries here, and has each until its `nextTryAt`. What the release before has put into
-- its queue comes due again, under the same event id.
DROP INDEX "Delivery_due";
DROP INDEX "Delivery_released";
ALTER TABLE "Delivery" RENAME COLUMN "dispatchedAt" TO "claimedAt";
UPDATE "Delivery" SET "claimedAt" = NULL WHERE "claimedAt" IS NOT NULL;

-- One index for both: what an event has led to, and that an endpoint hears of it once.
DROP INDEX "Delivery_endpointId_eventId_key";
DROP INDEX "Delivery_eventId_idx";

-- CreateIndex
CREATE UNIQUE INDEX "Delivery_eventId_endpointId_key" ON "Delivery"("eventId", "endpointId");

-- What waits for a try, or is under way, by endpoint: few among many that were delivered.
CREATE INDEX "Delivery_due" ON "Delivery" ("endpointId", "nextTryAt") WHERE "status" = 'pending';
CREATE INDEX "Delivery_under_way" ON "Delivery" ("endpointId", "nextTryAt") WHERE "status" = 'pending' AND "claimedAt" IS NOT NULL;
