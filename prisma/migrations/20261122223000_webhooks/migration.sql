-- CreateEnum
CREATE TYPE "DeliveryStatus" AS ENUM ('pending', 'delivered', 'failed');

-- AlterEnum
ALTER TYPE "AlertType" ADD VALUE 'endpoint_disabled';

-- AlterTable
ALTER TABLE "Alert" ALTER COLUMN "creatorId" DROP NOT NULL;

-- AlterTable
ALTER TABLE "Job" ADD COLUMN "callbackUrl" TEXT,
ADD COLUMN "callbackEndpointId" TEXT;

-- AlterTable
ALTER TABLE "Outbox" ALTER COLUMN "creatorId" DROP NOT NULL;

-- CreateTable
CREATE TABLE "WebhookEndpoint" (
    "id" TEXT NOT NULL,
    "url" TEXT NOT NULL,
    "description" TEXT,
    "events" TEXT[],
    "creatorIds" TEXT[],
    "secret" BYTEA NOT NULL,
    "secretKeyId" TEXT NOT NULL,
    "previousSecret" BYTEA,
    "previousSecretKeyId" TEXT,
    "previousSecretUntil" TIMESTAMPTZ(3),
    "failingSince" TIMESTAMPTZ(3),
    "disabledAt" TIMESTAMPTZ(3),
    "disabledReason" TEXT,
    "deletedAt" TIMESTAMPTZ(3),
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "WebhookEndpoint_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Delivery" (
    "id" TEXT NOT NULL,
    "endpointId" TEXT NOT NULL,
    "eventId" TEXT NOT NULL,
    "type" TEXT NOT NULL,
    "creatorId" TEXT,
    "url" TEXT,
    "status" "DeliveryStatus" NOT NULL DEFAULT 'pending',
    "generation" INTEGER NOT NULL DEFAULT 1,
    "tries" INTEGER NOT NULL DEFAULT 0,
    "nextTryAt" TIMESTAMPTZ(3) DEFAULT CURRENT_TIMESTAMP,
    "dispatchedAt" TIMESTAMPTZ(3),
    "deliveredAt" TIMESTAMPTZ(3),
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Delivery_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "DeliveryTry" (
    "deliveryId" TEXT NOT NULL,
    "generation" INTEGER NOT NULL,
    "number" INTEGER NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "ms" INTEGER NOT NULL,
    "httpStatus" INTEGER,
    "error" TEXT,
    "body" TEXT,

    CONSTRAINT "DeliveryTry_pkey" PRIMARY KEY ("deliveryId","generation","number")
);

-- CreateIndex
CREATE INDEX "WebhookEndpoint_createdAt_id_idx" ON "WebhookEndpoint"("createdAt", "id");

-- CreateIndex
CREATE INDEX "Outbox_createdAt_idx" ON "Outbox" USING BRIN ("createdAt");

-- CreateIndex
CREATE INDEX "Delivery_endpointId_createdAt_id_idx" ON "Delivery"("endpointId", "createdAt", "id");

-- CreateIndex
CREATE INDEX "Delivery_eventId_idx" ON "Delivery"("eventId");

-- CreateIndex
CREATE UNIQUE INDEX "Delivery_endpointId_eventId_key" ON "Delivery"("endpointId", "eventId");

-- AddForeignKey
ALTER TABLE "Delivery" ADD CONSTRAINT "Delivery_endpointId_fkey" FOREIGN KEY ("endpointId") REFERENCES "WebhookEndpoint"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Delivery" ADD CONSTRAINT "Delivery_eventId_fkey" FOREIGN KEY ("eventId") REFERENCES "Outbox"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "DeliveryTry" ADD CONSTRAINT "DeliveryTry_deliveryId_fkey" FOREIGN KEY ("deliveryId") REFERENCES "Delivery"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- What waits for its next try, and what is released for it: few among many that were delivered.
CREATE INDEX "Delivery_due" ON "Delivery" ("endpointId", "nextTryAt") WHERE "status" = 'pending' AND "dispatchedAt" IS NULL;
CREATE INDEX "Delivery_released" ON "Delivery" ("endpointId") WHERE "status" = 'pending' AND "dispatchedAt" IS NOT NULL;

-- Whether an endpoint listens to events of that type about that creator; what is about none goes to those of all alone.
CREATE FUNCTION understudy_endpoint_wants(endpoint "WebhookEndpoint", type text, "creatorId" text) RETURNS boolean
LANGUAGE sql STABLE AS $$
  SELECT type = ANY (endpoint."events") AND (endpoint."creatorIds" = '{}' OR coalesce("creatorId" = ANY (endpoint."creatorIds"), false))
$$;
