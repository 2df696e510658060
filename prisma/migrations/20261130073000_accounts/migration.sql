-- One table of accounts: a creator's month, a key, a month of the platform. What MonthlySpend and ApiKey have counted is
-- carried over.

-- Nothing may be posted between the copy and the drop. In the order in which calls lock them.
LOCK TABLE "ApiKey", "MonthlySpend" IN ACCESS EXCLUSIVE MODE;

-- CreateEnum
CREATE TYPE "AccountKind" AS ENUM ('creator_month', 'key', 'platform_month');

-- CreateTable
CREATE TABLE "Account" (
    "id" TEXT NOT NULL,
    "kind" "AccountKind" NOT NULL,
    "creatorId" TEXT,
    "apiKeyId" TEXT,
    "month" DATE,
    "spentUsd" DECIMAL(24,12) NOT NULL DEFAULT 0,
    "heldUsd" DECIMAL(24,12) NOT NULL DEFAULT 0,
    "unknownUsd" DECIMAL(24,12) NOT NULL DEFAULT 0,
    "usedUsd" DECIMAL(24,12) NOT NULL GENERATED ALWAYS AS ("spentUsd" + "unknownUsd") STORED,
    "alertedPercent" SMALLINT NOT NULL DEFAULT 0,
    "closedAt" TIMESTAMPTZ(3),

    CONSTRAINT "Account_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "Account_creatorId_month_key" ON "Account"("creatorId", "month");

-- CreateIndex
CREATE UNIQUE INDEX "Account_apiKeyId_key" ON "Account"("apiKeyId");

-- AddForeignKey
ALTER TABLE "Account" ADD CONSTRAINT "Account_creatorId_fkey" FOREIGN KEY ("creatorId") REFERENCES "Creator"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Account" ADD CONSTRAINT "Account_apiKeyId_fkey" FOREIGN KEY ("apiKeyId") REFERENCES "ApiKey"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- Rules that the schema file can't say --------------------------------------------------------------

ALTER TABLE "Account"
  ADD CONSTRAINT "Account_month_is_first_day" CHECK (extract(day FROM "month") = 1),
  ADD CONSTRAINT "Account_amounts" CHECK ("spentUsd" >= 0 AND "heldUsd" >= 0 AND "unknownUsd" >= 0),
  ADD CONSTRAINT "Account_alerted" CHECK ("alertedPercent" BETWEEN 0 AND 100),
  ADD CONSTRAINT "Account_kind_says_whose" CHECK (CASE "kind"
    WHEN 'creator_month' THEN "creatorId" IS NOT NULL AND "apiKeyId" IS NULL AND "month" IS NOT NULL
    WHEN 'key' THEN "creatorId" IS NULL AND "apiKeyId" IS NOT NULL AND "month" IS NULL
    ELSE "creatorId" IS NULL AND "apiKeyId" IS NULL AND "month" IS NOT NULL END);

-- The accounts on which a call counts, by its creator, its key and its month; none of what is null. A new kind of account
-- begins here.
CREATE FUNCTION understudy_payers("creatorId" text, "apiKeyId" text, "month" date)
RETURNS TABLE ("id" text, "kind" "AccountKind", "ofCreator" text, "ofKey" text, "ofMonth" date) LANGUAGE sql STABLE AS $$
  SELECT 'creator:' || $1 || ':' || to_char($3, 'YYYY-MM'), 'creator_month'::"AccountKind", $1, NULL::text, $3
  WHERE $1 IS NOT NULL
  UNION ALL
  SELECT 'key:' || $2, 'key', NULL, $2, NULL
  WHERE $2 IS NOT NULL
  UNION ALL
  SELECT 'platform:' || to_char($3, 'YYYY-MM'), 'platform_month', NULL, NULL, $3
$$;

-- What was counted so far ----------------------------------------------------------------------------

INSERT INTO "Account" ("id", "kind", "creatorId", "month", "spentUsd", "heldUsd", "unknownUsd", "alertedPercent", "closedAt")
SELECT 'creator:' || "creatorId" || ':' || to_char("month", 'YYYY-MM'), 'creator_month', "creatorId", "month", "spentUsd",
  "heldUsd", "unknownUsd", "alertedPercent", "closedAt"
FROM "MonthlySpend";

INSERT INTO "Account" ("id", "kind", "apiKeyId", "spentUsd", "heldUsd", "unknownUsd")
SELECT 'key:' || "id", 'key', "id", "spentUsd", "heldUsd", "unknownUsd" FROM "ApiKey";

INSERT INTO "Account" ("id", "kind", "month", "spentUsd", "heldUsd", "unknownUsd")
SELECT 'platform:' || to_char("month", 'YYYY-MM'), 'platform_month', "month", sum("spentUsd"), sum("heldUsd"), sum("unknownUsd")
FROM "MonthlySpend" GROUP BY "month";

DROP TABLE "MonthlySpend";
DROP FUNCTION understudy_quota_alerts();

-- Takes its CHECK with it.
ALTER TABLE "ApiKey" DROP COLUMN "spentUsd", DROP COLUMN "heldUsd", DROP COLUMN "unknownUsd";
ALTER TABLE "ApiKey" ADD CONSTRAINT "ApiKey_budget" CHECK ("budgetUsd" >= 0);
