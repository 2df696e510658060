-- CreateEnum
CREATE TYPE "AlertType" AS ENUM ('quota_threshold', 'spend_spike', 'unknown_calls', 'cost_above_hold');

-- AlterTable
ALTER TABLE "Creator" ADD COLUMN     "validFrom" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP;

-- AlterTable
ALTER TABLE "Job" ADD COLUMN     "apiKeyId" TEXT,
ADD COLUMN     "errorResetsAt" TIMESTAMPTZ(3),
ADD COLUMN     "heldMonth" DATE,
ADD COLUMN     "heldUsd" DECIMAL(24,12) NOT NULL DEFAULT 0,
ADD COLUMN     "neededUsd" DECIMAL(24,12);

-- AlterTable
ALTER TABLE "MonthlyCharge" ADD COLUMN     "usage" "PlanUsage" NOT NULL DEFAULT 'billed';

-- AlterTable
ALTER TABLE "MonthlySpend" ADD COLUMN     "alertedPercent" SMALLINT NOT NULL DEFAULT 0,
ADD COLUMN     "closedAt" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "Plan" ADD COLUMN     "validFrom" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP;

-- AlterTable
ALTER TABLE "UsageLog" ADD COLUMN     "apiKeyId" TEXT,
ADD COLUMN     "byOperator" BOOLEAN NOT NULL DEFAULT false;

-- CreateTable
CREATE TABLE "PlanHistory" (
    "id" SERIAL NOT NULL,
    "planName" TEXT NOT NULL,
    "priceUsd" DECIMAL(24,12) NOT NULL,
    "quotaUsd" DECIMAL(24,12),
    "ratePerHour" DECIMAL(12,3) NOT NULL,
    "burst" INTEGER NOT NULL,
    "weight" INTEGER NOT NULL,
    "usage" "PlanUsage" NOT NULL,
    "validFrom" TIMESTAMPTZ(3) NOT NULL,
    "validTo" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "PlanHistory_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "CreatorHistory" (
    "id" SERIAL NOT NULL,
    "creatorId" TEXT NOT NULL,
    "planName" TEXT NOT NULL,
    "ratePerHour" DECIMAL(12,3),
    "burst" INTEGER,
    "quotaUsd" DECIMAL(24,12),
    "validFrom" TIMESTAMPTZ(3) NOT NULL,
    "validTo" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "CreatorHistory_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ApiKey" (
    "id" TEXT NOT NULL,
    "budgetUsd" DECIMAL(24,12),
    "spentUsd" DECIMAL(24,12) NOT NULL DEFAULT 0,
    "heldUsd" DECIMAL(24,12) NOT NULL DEFAULT 0,
    "unknownUsd" DECIMAL(24,12) NOT NULL DEFAULT 0,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "ApiKey_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "SpendingSwitch" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "stopped" BOOLEAN NOT NULL DEFAULT false,
    "changedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "SpendingSwitch_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "DailyUsage" (
    "day" DATE NOT NULL,
    "creatorId" TEXT NOT NULL,
    "agentId" TEXT NOT NULL,
    "model" TEXT NOT NULL,
    "feature" TEXT NOT NULL,
    "calls" INTEGER NOT NULL DEFAULT 0,
    "inputTokens" BIGINT NOT NULL DEFAULT 0,
    "cachedTokens" BIGINT NOT NULL DEFAULT 0,
    "outputTokens" BIGINT NOT NULL DEFAULT 0,
    "thoughtTokens" BIGINT NOT NULL DEFAULT 0,
    "costUsd" DECIMAL(24,12) NOT NULL DEFAULT 0,
    "unknownUsd" DECIMAL(24,12) NOT NULL DEFAULT 0,

    CONSTRAINT "DailyUsage_pkey" PRIMARY KEY ("creatorId","day","agentId","model","feature")
);

-- CreateTable
CREATE TABLE "ClosedMonth" (
    "month" DATE NOT NULL,
    "closedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "ClosedMonth_pkey" PRIMARY KEY ("month")
);

-- CreateTable
CREATE TABLE "Alert" (
    "id" TEXT NOT NULL,
    "type" "AlertType" NOT NULL,
    "creatorId" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "payload" JSONB NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "notifiedAt" TIMESTAMPTZ(3),
    "notifiedVia" TEXT[] DEFAULT ARRAY[]::TEXT[],

    CONSTRAINT "Alert_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "PlanHistory_planName_validTo_idx" ON "PlanHistory"("planName", "validTo");

-- CreateIndex
CREATE INDEX "CreatorHistory_creatorId_validTo_idx" ON "CreatorHistory"("creatorId", "validTo");

-- CreateIndex
CREATE INDEX "DailyUsage_day_idx" ON "DailyUsage"("day");

-- CreateIndex
CREATE INDEX "Alert_createdAt_id_idx" ON "Alert"("createdAt", "id");

-- CreateIndex
CREATE UNIQUE INDEX "Alert_type_key_key" ON "Alert"("type", "key");

-- CreateIndex
CREATE INDEX "MonthlySpend_month_creatorId_idx" ON "MonthlySpend"("month", "creatorId");

-- AddForeignKey
ALTER TABLE "Job" ADD CONSTRAINT "Job_apiKeyId_fkey" FOREIGN KEY ("apiKeyId") REFERENCES "ApiKey"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "UsageLog" ADD CONSTRAINT "UsageLog_apiKeyId_fkey" FOREIGN KEY ("apiKeyId") REFERENCES "ApiKey"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- Rules that the schema file can't say --------------------------------------------------------------

ALTER TABLE "ApiKey" ADD CONSTRAINT "ApiKey_amounts" CHECK ("budgetUsd" >= 0 AND "spentUsd" >= 0 AND "heldUsd" >= 0 AND "unknownUsd" >= 0);
ALTER TABLE "SpendingSwitch" ADD CONSTRAINT "SpendingSwitch_one_row" CHECK ("id" = 1);
ALTER TABLE "Job"
  ADD CONSTRAINT "Job_held" CHECK ("heldUsd" >= 0 AND ("heldUsd" = 0 OR "heldMonth" IS NOT NULL)),
  ADD CONSTRAINT "Job_quota_waiter_says_for_what" CHECK ("neededUsd" IS NULL OR "waitingFor" IS NOT NULL);
ALTER TABLE "MonthlySpend" ADD CONSTRAINT "MonthlySpend_alerted" CHECK ("alertedPercent" IN (0, 50, 80, 95, 100));
ALTER TABLE "ClosedMonth" ADD CONSTRAINT "ClosedMonth_is_first_day" CHECK (extract(day FROM "month") = 1);

-- Work lists, as long as what is left to do.
CREATE INDEX "Job_waits_for_room" ON "Job" ("creatorId", "priority", "id") WHERE "status" = 'queued' AND "waitingFor" IN ('quota', 'paused');
DROP INDEX "Job_to_dispatch";
CREATE INDEX "Job_to_dispatch" ON "Job" ("createdAt")
  WHERE "status" = 'queued' AND "dispatchedAt" IS NULL AND ("waitingFor" IS NULL OR "waitingFor" NOT IN ('quota', 'paused'));
CREATE INDEX "Job_holds" ON "Job" ("id") WHERE "heldUsd" > 0;
CREATE INDEX "Alert_to_notify" ON "Alert" ("createdAt") WHERE "notifiedAt" IS NULL;

INSERT INTO "SpendingSwitch" DEFAULT VALUES;

-- Terms that were in force before are kept, whoever changes them. -------------------------------------

UPDATE "Plan" SET "validFrom" = "createdAt";
UPDATE "Creator" SET "validFrom" = "createdAt";

CREATE FUNCTION understudy_keep_plan_terms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW."validFrom" := clock_timestamp();
  INSERT INTO "PlanHistory" ("planName", "priceUsd", "quotaUsd", "ratePerHour", "burst", "weight", "usage", "validFrom", "validTo")
  VALUES (OLD."name", OLD."priceUsd", OLD."quotaUsd", OLD."ratePerHour", OLD."burst", OLD."weight", OLD."usage", OLD."validFrom", NEW."validFrom");
  RETURN NEW;
END $$;

CREATE TRIGGER "Plan_keeps_terms" BEFORE UPDATE ON "Plan" FOR EACH ROW
  WHEN ((OLD."priceUsd", OLD."quotaUsd", OLD."ratePerHour", OLD."burst", OLD."weight", OLD."usage")
        IS DISTINCT FROM (NEW."priceUsd", NEW."quotaUsd", NEW."ratePerHour", NEW."burst", NEW."weight", NEW."usage"))
  EXECUTE FUNCTION understudy_keep_plan_terms();

CREATE FUNCTION understudy_keep_creator_terms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW."validFrom" := clock_timestamp();
  INSERT INTO "CreatorHistory" ("creatorId", "planName", "ratePerHour", "burst", "quotaUsd", "validFrom", "validTo")
  VALUES (OLD."id", OLD."planName", OLD."ratePerHour", OLD."burst", OLD."quotaUsd", OLD."validFrom", NEW."validFrom");
  RETURN NEW;
END $$;

CREATE TRIGGER "Creator_keeps_terms" BEFORE UPDATE ON "Creator" FOR EACH ROW
  WHEN ((OLD."planName", OLD."ratePerHour", OLD."burst", OLD."quotaUsd")
        IS DISTINCT FROM (NEW."planName", NEW."ratePerHour", NEW."burst", NEW."quotaUsd"))
  EXECUTE FUNCTION understudy_keep_creator_terms();

-- DailyUsage equals the ended calls of UsageLog, whatever statement changes them: what rows were is taken
-- away, what they are is added. Rows are locked in one order, so that two statements can't wait for each other.
CREATE FUNCTION understudy_roll_up() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  sign int := TG_ARGV[0]::int;
BEGIN
  INSERT INTO "DailyUsage" AS daily ("day", "creatorId", "agentId", "model", "feature", "calls", "inputTokens", "cachedTokens",
    "outputTokens", "thoughtTokens", "costUsd", "unknownUsd")
  SELECT ("startedAt" AT TIME ZONE 'UTC')::date AS "day", "creatorId", "agentId", "model", "feature", sign * count(*),
    sign * sum("inputTokens"), sign * sum("cachedTokens"), sign * sum("outputTokens"), sign * sum("thoughtTokens"),
    sign * coalesce(sum("costUsd"), 0), sign * coalesce(sum("holdUsd") FILTER (WHERE "status" = 'unknown'), 0)
  FROM changed
  WHERE "status" <> 'started'
  GROUP BY "day", "creatorId", "agentId", "model", "feature"
  ORDER BY "creatorId", "day", "agentId", "model", "feature"
  ON CONFLICT ("creatorId", "day", "agentId", "model", "feature") DO UPDATE SET
    "calls" = daily."calls" + excluded."calls",
    "inputTokens" = daily."inputTokens" + excluded."inputTokens",
    "cachedTokens" = daily."cachedTokens" + excluded."cachedTokens",
    "outputTokens" = daily."outputTokens" + excluded."outputTokens",
    "thoughtTokens" = daily."thoughtTokens" + excluded."thoughtTokens",
    "costUsd" = daily."costUsd" + excluded."costUsd",
    "unknownUsd" = daily."unknownUsd" + excluded."unknownUsd";
  RETURN NULL;
END $$;

CREATE TRIGGER "UsageLog_roll_up_inserted" AFTER INSERT ON "UsageLog" REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION understudy_roll_up('1');
-- Triggers fire in the order of their names.
CREATE TRIGGER "UsageLog_roll_up_updated_1" AFTER UPDATE ON "UsageLog" REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION understudy_roll_up('1');
CREATE TRIGGER "UsageLog_roll_up_updated_2" AFTER UPDATE ON "UsageLog" REFERENCING OLD TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION understudy_roll_up('-1');

INSERT INTO "DailyUsage" ("day", "creatorId", "agentId", "model", "feature", "calls", "inputTokens", "cachedTokens",
  "outputTokens", "thoughtTokens", "costUsd", "unknownUsd")
SELECT ("startedAt" AT TIME ZONE 'UTC')::date, "creatorId", "agentId", "model", "feature", count(*), sum("inputTokens"),
  sum("cachedTokens"), sum("outputTokens"), sum("thoughtTokens"), coalesce(sum("costUsd"), 0),
  coalesce(sum("holdUsd") FILTER (WHERE "status" = 'unknown'), 0)
FROM "UsageLog" WHERE "status" <> 'started'
GROUP BY 1, 2, 3, 4, 5;

-- A creator reaches 50, 80, 95 or 100 % of their quota: told once a month, in the transaction that spends it,
-- whatever statement that is.
CREATE FUNCTION understudy_quota_alerts() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  quota numeric;
  plan text;
  used numeric := NEW."spentUsd" + NEW."unknownUsd";
  threshold int;
BEGIN
  SELECT coalesce(creator."quotaUsd", "Plan"."quotaUsd"), "Plan"."name" INTO quota, plan
  FROM "Creator" AS creator JOIN "Plan" ON "Plan"."name" = creator."planName"
  WHERE creator."id" = NEW."creatorId";
  FOREACH threshold IN ARRAY ARRAY[50, 80, 95, 100] LOOP
    CONTINUE WHEN threshold <= NEW."alertedPercent" OR quota IS NULL OR used * 100 < quota * threshold;
    NEW."alertedPercent" := threshold;
    INSERT INTO "Alert" ("id", "type", "creatorId", "key", "payload")
    VALUES ('alert_' || replace(gen_random_uuid()::text, '-', ''), 'quota_threshold', NEW."creatorId",
      NEW."creatorId" || ':' || to_char(NEW."month", 'YYYY-MM') || ':' || threshold,
      jsonb_build_object('percent', threshold, 'month', to_char(NEW."month", 'YYYY-MM'), 'plan', plan,
        'quotaUsd', trim_scale(quota)::text, 'spentUsd', trim_scale(NEW."spentUsd")::text,
        'unknownUsd', trim_scale(NEW."unknownUsd")::text));
  END LOOP;
  RETURN NEW;
END $$;

CREATE TRIGGER "MonthlySpend_alerts" BEFORE UPDATE OF "spentUsd", "unknownUsd" ON "MonthlySpend" FOR EACH ROW
  WHEN (NEW."spentUsd" + NEW."unknownUsd" > OLD."spentUsd" + OLD."unknownUsd" AND NEW."alertedPercent" < 100)
  EXECUTE FUNCTION understudy_quota_alerts();

-- Every alert is told to the app as well.
CREATE FUNCTION understudy_tell_alert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO "Outbox" ("id", "type", "creatorId", "payload")
  VALUES ('evt_' || replace(gen_random_uuid()::text, '-', ''),
    CASE NEW."type" WHEN 'quota_threshold' THEN 'quota.threshold' ELSE 'alert.raised' END, NEW."creatorId",
    jsonb_build_object('alertId', NEW."id", 'alert', NEW."type", 'creatorId', NEW."creatorId") || NEW."payload");
  RETURN NULL;
END $$;

CREATE TRIGGER "Alert_tells" AFTER INSERT ON "Alert" FOR EACH ROW EXECUTE FUNCTION understudy_tell_alert();
