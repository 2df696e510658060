-- Has failed jobs tried again under a new generation, the longest failed first. What they have finished is kept, but for
-- an answer that could not be used; how they had ended stays with the event that tells of it. An expiresAt that has passed
-- does not count any more: who retries wants it run.
-- $1: [{id?, agent?, creatorId?, creatorIds?, code?, since?, until?, limit, laneMax}], one item: those that all of it holds for,
-- so many of a creator as may wait beside those that do; who must not start yet does not count. since is included, until is not: when
-- they failed.
-- Rows: {id, agent, creatorId, generation, priority, notBefore, terms (of its lane), nextSince (when the first failed that `limit` left
-- out; null where there is none), isLaneFull (whether any was left out since its creator's lane is full)}; one without id where none is
-- tried again.
WITH waiting AS MATERIALIZED (
  SELECT "creatorId", count(*) AS "jobs" FROM "LiveJob"
  WHERE "status" = 'queued' AND coalesce(greatest("notBefore", "runAt") <= now(), true)
    -- Of those alone who may be asked for: all that wait are not counted for one job.
    AND ($1::jsonb -> 0 ->> 'id' IS NULL OR "creatorId" = (SELECT "creatorId" FROM "JobRecord" WHERE "id" = $1::jsonb -> 0 ->> 'id'))
    AND ($1::jsonb -> 0 ->> 'creatorId' IS NULL OR "creatorId" = $1::jsonb -> 0 ->> 'creatorId')
  GROUP BY "creatorId"
), matching AS NOT MATERIALIZED (
  SELECT "id", "creatorId", "failedAt", ($1::jsonb -> 0 ->> 'laneMax')::int - coalesce(waiting."jobs", 0) AS "room"
  FROM "JobRecord" LEFT JOIN waiting USING ("creatorId")
  WHERE "failedAt" IS NOT NULL AND "erasedAt" IS NULL
    AND ($1::jsonb -> 0 ->> 'id' IS NULL OR "id" = $1::jsonb -> 0 ->> 'id')
    AND ($1::jsonb -> 0 ->> 'agent' IS NULL OR "agent" = $1::jsonb -> 0 ->> 'agent')
    AND ($1::jsonb -> 0 ->> 'creatorId' IS NULL OR "creatorId" = $1::jsonb -> 0 ->> 'creatorId')
    AND ($1::jsonb -> 0 -> 'creatorIds' IS NULL OR $1::jsonb -> 0 -> 'creatorIds' ? "creatorId")
    AND ($1::jsonb -> 0 ->> 'code' IS NULL OR "errorCode" = $1::jsonb -> 0 ->> 'code')
    AND ($1::jsonb -> 0 ->> 'since' IS NULL OR "failedAt" >= ($1::jsonb -> 0 ->> 'since')::timestamptz)
    AND ($1::jsonb -> 0 ->> 'until' IS NULL OR "failedAt" < ($1::jsonb -> 0 ->> 'until')::timestamptz)
), failed AS MATERIALIZED (
  -- A creator whose lane is full takes no place of others.
  SELECT *, row_number() OVER (ORDER BY "failedAt", "id") AS "number" FROM matching
  WHERE "room" > 0
  ORDER BY "failedAt", "id"
  LIMIT ($1::jsonb -> 0 ->> 'limit')::int + 1
), chosen AS MATERIALIZED (
  SELECT "id", "failedAt", "number" <= ($1::jsonb -> 0 ->> 'limit')::int AS "isWithin",
    row_number() OVER (PARTITION BY "creatorId" ORDER BY "number") <= "room" AS "hasRoom"
  FROM failed
), due AS (
  SELECT * FROM "JobRecord"
  WHERE "id" = ANY (ARRAY(SELECT "id" FROM chosen WHERE "isWithin" AND "hasRoom"))
    AND "failedAt" IS NOT NULL AND "erasedAt" IS NULL
  -- Locked in one order everywhere, so that two batches can't wait for each other.
  ORDER BY "id"
  FOR NO KEY UPDATE
), told AS (
  UPDATE "Outbox" SET "jobEnd" = jsonb_build_object('status', due."status", 'code', due."errorCode", 'message', due."errorMessage",
    'retryable', due."errorRetryable", 'resetsAt', due."errorResetsAt", 'finishedAt', due."finishedAt")
  FROM due
  WHERE "Outbox"."jobId" = due."id" AND "Outbox"."jobEnd" IS NULL
), forgotten AS (
  DELETE FROM "Step" USING due WHERE "Step"."jobId" = due."id" AND "Step"."key" IN (due."errorStep", due."errorStep" || ':repair')
), again AS (
  UPDATE "JobRecord" AS job SET "status" = NULL, "retries" = job."retries" + 1, "inLane" = false, "startedAt" = NULL, "finishedAt" = NULL,
    "errorCode" = NULL, "errorMessage" = NULL, "errorRetryable" = NULL, "errorResetsAt" = NULL, "errorStep" = NULL,
    "expiresAt" = CASE WHEN job."expiresAt" > now() THEN job."expiresAt" END, "heldUsd" = 0, "heldMonth" = NULL
  FROM due WHERE job."id" = due."id"
  RETURNING job."id", job."agent", job."creatorId", job."generation" + 1 AS "generation", job."priority", job."notBefore", job."expiresAt"
), queued AS (
  INSERT INTO "LiveJob" ("id", "agent", "creatorId", "apiKeyId", "priority", "inputBytes", "notBefore", "expiresAt", "createdAt", "runAt",
    "generation", "attempt", "fences", "heldUsd", "heldMonth")
  SELECT again."id", again."agent", again."creatorId", due."apiKeyId", again."priority", due."inputBytes", again."notBefore",
    again."expiresAt", due."createdAt",
    CASE WHEN again."notBefore" > now() + interval '30 days' THEN again."notBefore" - interval '30 days' END,
    again."generation", due."attempt", due."fences", due."heldUsd", due."heldMonth"
  FROM again JOIN due USING ("id")
)
SELECT again."id", again."agent", again."creatorId", again."generation", again."priority", again."notBefore",
  CASE WHEN again."id" IS NOT NULL THEN understudy_lane_terms("Creator", "Plan") END AS "terms", rest.*
FROM (
  SELECT min("failedAt") FILTER (WHERE NOT "isWithin" AND "hasRoom") AS "nextSince",
    coalesce(bool_or(NOT "hasRoom"), false)
      -- Where no lane is full, which is nearly always, not all that failed is looked through for one.
      OR (EXISTS (SELECT FROM waiting WHERE "jobs" >= ($1::jsonb -> 0 ->> 'laneMax')::int)
        AND EXISTS (SELECT FROM matching WHERE "room" <= 0)) AS "isLaneFull"
  FROM chosen
) AS rest
LEFT JOIN again ON true
LEFT JOIN "Creator" ON "Creator"."id" = again."creatorId" LEFT JOIN "Plan" ON "Plan"."name" = "Creator"."planName"
