-- Calls that asked a step again, few among many: cost-efficiency.sql looks for them over whole months.
CREATE INDEX "UsageLog_called_again" ON "UsageLog" ("startedAt") WHERE "attempt" > 1 OR "stepKey" LIKE '%:repair';
