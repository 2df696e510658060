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
  SELECT DISTINCT "Job"."creatorId" FROM "Job", request
  WHERE "Job"."status" = 'queued' AND "Job"."waitingFor" IN ('quota', 'paused')
    AND (request."creatorIds" IS NULL OR request."creatorIds" ? "Job"."creatorId")
    AND NOT (SELECT "stopped" FROM "SpendingSwitch")
), platform AS (
  SELECT sum("spentUsd" + "unknownUsd") AS "usedUsd", sum("heldUsd") AS "heldUsd"
  FROM "MonthlySpend" WHERE "month" = (SELECT "month" FROM request WHERE "platformQuotaUsd" IS NOT NULL)
), room AS (
  -- Rooms in USD: beside what is spent, and beside what is held as well. Null: no bound.
  SELECT creator."creatorId",
    least(quota."quotaUsd" - coalesce(account."spentUsd" + account."unknownUsd", 0),
      request."platformQuotaUsd" - coalesce(platform."usedUsd", 0)) AS "unspentUsd",
    least(quota."quotaUsd" - coalesce(account."spentUsd" + account."unknownUsd" + account."heldUsd", 0),
      request."platformQuotaUsd" - coalesce(platform."usedUsd" + platform."heldUsd", 0)) AS "freeUsd"
  FROM creator
  CROSS JOIN request
  CROSS JOIN platform
  JOIN "Creator" ON "Creator"."id" = creator."creatorId"
  JOIN "Plan" ON "Plan"."name" = "Creator"."planName"
  CROSS JOIN LATERAL (SELECT coalesce("Creator"."quotaUsd", "Plan"."quotaUsd") AS "quotaUsd") AS quota
  LEFT JOIN "MonthlySpend" AS account ON account."creatorId" = creator."creatorId" AND account."month" = request."month"
), waiting AS (
  SELECT line."id", line."neededUsd",
    least(room."unspentUsd", key."budgetUsd" - key."spentUsd" - key."unknownUsd") AS "unspentUsd",
    room."freeUsd",
    key."budgetUsd" - key."spentUsd" - key."unknownUsd" - key."heldUsd" AS "keyFreeUsd",
    sum(line."neededUsd") OVER (PARTITION BY room."creatorId" ORDER BY line."priority", line."id") AS "neededSoFarUsd"
  FROM room
  CROSS JOIN LATERAL (
    SELECT "id", "priority", "apiKeyId", coalesce("neededUsd", 0) AS "neededUsd" FROM "Job"
    WHERE "Job"."creatorId" = room."creatorId" AND "status" = 'queued' AND "waitingFor" IN ('quota', 'paused')
    ORDER BY "priority", "id"
    LIMIT (SELECT "limit" FROM request)
  ) AS line
  LEFT JOIN "ApiKey" AS key ON key."id" = line."apiKeyId"
), due AS (
  SELECT "Job"."id" FROM "Job" JOIN waiting USING ("id")
  WHERE "Job"."status" = 'queued' AND "Job"."waitingFor" IN ('quota', 'paused')
    AND "Job"."id" = ANY (ARRAY(SELECT "id" FROM waiting))
    AND (waiting."neededUsd" > waiting."unspentUsd"
         OR coalesce(waiting."neededSoFarUsd" <= waiting."freeUsd", true)
            AND coalesce(waiting."neededUsd" <= waiting."keyFreeUsd", true))
  ORDER BY "Job"."id"
  FOR NO KEY UPDATE OF "Job" SKIP LOCKED
), woken AS (
  UPDATE "Job" SET "waitingFor" = NULL, "neededUsd" = NULL, "generation" = "generation" + 1, "dispatchedAt" = NULL
  FROM due WHERE "Job"."id" = due."id"
  RETURNING "Job"."id", "agent", "creatorId", "generation", "priority", "notBefore", "crashes"
)
SELECT "id", "agent", "creatorId", "generation", "priority", "notBefore" FROM woken WHERE "crashes" < 2
