-- Lets jobs go on that wait for room: in the order of each creator's line as many as there is room for, and
-- all for which what is spent leaves none, since they end when they ask. The hold is taken only when a job
-- makes its call, so this need not be exact: who comes too late waits again.
-- $1: [{creatorIds?, platformQuotaUsd?, limit}]: of those creators, else of all; `limit` a creator at most.
-- Rows: {id, agent, creatorId, generation, priority, notBefore}: to be dispatched under their new generation. Who must run alone
-- goes on as well, but has no row: it is dispatched to no queue.
WITH request AS (
  SELECT *, date_trunc('month', now()::timestamptz(3) AT TIME ZONE 'UTC')::date AS "month"
  FROM jsonb_to_recordset($1::jsonb) AS r("creatorIds" jsonb, "platformQuotaUsd" numeric, "limit" int)
), creator AS (
  SELECT DISTINCT "LiveJob"."creatorId" FROM "LiveJob", request
  WHERE "LiveJob"."waitingFor" IN ('quota', 'paused')
    AND (request."creatorIds" IS NULL OR request."creatorIds" ? "LiveJob"."creatorId")
    AND NOT (SELECT "stopped" FROM "SpendingSwitch")
), room AS (
  -- Rooms in USD: beside what is used, and beside what is held as well. Null: no bound.
  SELECT creator."creatorId", min(bound."usd" - coalesce(account."usedUsd", 0)) AS "unspentUsd",
    min(bound."usd" - coalesce(account."usedUsd" + account."heldUsd", 0)) AS "freeUsd"
  FROM creator
  CROSS JOIN request
  JOIN "Creator" ON "Creator"."id" = creator."creatorId"
  JOIN "Plan" ON "Plan"."name" = "Creator"."planName"
  CROSS JOIN LATERAL understudy_payers(creator."creatorId", NULL, request."month") AS payer
  CROSS JOIN LATERAL (SELECT CASE payer."kind" WHEN 'creator_month' THEN coalesce("Creator"."quotaUsd", "Plan"."quotaUsd")
    ELSE request."platformQuotaUsd" END AS "usd") AS bound
  LEFT JOIN "Account" AS account ON account."id" = payer."id"
  GROUP BY creator."creatorId"
), waiting AS (
  SELECT line."id", line."neededUsd",
    least(room."unspentUsd", key."budgetUsd" - coalesce(account."usedUsd", 0)) AS "unspentUsd",
    room."freeUsd",
    key."budgetUsd" - coalesce(account."usedUsd" + account."heldUsd", 0) AS "keyFreeUsd",
    sum(line."neededUsd") OVER (PARTITION BY room."creatorId" ORDER BY line."priority", line."id") AS "neededSoFarUsd"
  FROM room
  CROSS JOIN LATERAL (
    SELECT "id", "priority", "apiKeyId", coalesce("neededUsd", 0) AS "neededUsd" FROM "LiveJob"
    WHERE "LiveJob"."creatorId" = room."creatorId" AND "waitingFor" IN ('quota', 'paused')
    ORDER BY "priority", "id"
    LIMIT (SELECT "limit" FROM request)
  ) AS line
  LEFT JOIN "ApiKey" AS key ON key."id" = line."apiKeyId"
  LEFT JOIN "Account" AS account ON account."apiKeyId" = line."apiKeyId"
), due AS (
  SELECT "LiveJob"."id" FROM "LiveJob" JOIN waiting USING ("id")
  WHERE "LiveJob"."waitingFor" IN ('quota', 'paused')
    AND "LiveJob"."id" = ANY (ARRAY(SELECT "id" FROM waiting))
    AND (waiting."neededUsd" > waiting."unspentUsd"
         OR coalesce(waiting."neededSoFarUsd" <= waiting."freeUsd", true)
            AND coalesce(waiting."neededUsd" <= waiting."keyFreeUsd", true))
  ORDER BY "LiveJob"."id"
  FOR NO KEY UPDATE OF "LiveJob" SKIP LOCKED
), woken AS (
  UPDATE "LiveJob" SET "waitingFor" = NULL, "neededUsd" = NULL, "generation" = "generation" + 1, "dispatchedAt" = NULL
  FROM due WHERE "LiveJob"."id" = due."id"
  RETURNING "LiveJob"."id", "agent", "creatorId", "generation", "priority", "notBefore", "crashes"
)
SELECT "id", "agent", "creatorId", "generation", "priority", "notBefore" FROM woken WHERE "crashes" < 2
