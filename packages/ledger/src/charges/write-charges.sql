-- Writes closed charges, closes their accounts and tells of them, all in one. The caller has the accounts' locks.
-- $1: [{creatorId, month, planName, planPriceUsd, usage, costUsd, roundedUsd, adjustments, amountUsd, tokensInput,
--       tokensOutput, byAgent, byFeature, closedAt, eventId, event}], each creator once.
-- event: what `charge.closed` says. Rows: {creatorId} of those written.
WITH request AS (
  SELECT *, ("month" || '-01')::date AS "firstDay"
  FROM jsonb_to_recordset($1::jsonb) AS r("creatorId" text, "month" text, "planName" text, "planPriceUsd" numeric,
    "usage" "PlanUsage", "costUsd" numeric, "roundedUsd" numeric, "adjustments" jsonb, "amountUsd" numeric,
    "tokensInput" bigint, "tokensOutput" bigint, "byAgent" jsonb, "byFeature" jsonb, "closedAt" timestamptz,
    "eventId" text, "event" jsonb)
), written AS (
  INSERT INTO "MonthlyCharge" ("creatorId", "month", "status", "planName", "planPriceUsd", "usage", "costUsd", "roundedUsd",
    "adjustments", "amountUsd", "tokensInput", "tokensOutput", "byAgent", "byFeature", "closedAt")
  SELECT "creatorId", "firstDay", 'closed', "planName", "planPriceUsd", "usage", "costUsd", "roundedUsd",
    "adjustments", "amountUsd", "tokensInput", "tokensOutput", "byAgent", "byFeature", "closedAt"
  FROM request
  ON CONFLICT DO NOTHING
  RETURNING "creatorId"
), closed AS (
  UPDATE "Account" SET "closedAt" = request."closedAt"
  FROM request
  WHERE "Account"."creatorId" = request."creatorId" AND "Account"."month" = request."firstDay"
    AND "Account"."creatorId" = ANY (ARRAY(SELECT "creatorId" FROM written))
), told AS (
  INSERT INTO "Outbox" ("id", "type", "creatorId", "payload")
  SELECT "eventId", 'charge.closed', "creatorId", "event" FROM request JOIN written USING ("creatorId")
)
SELECT "creatorId" FROM written
