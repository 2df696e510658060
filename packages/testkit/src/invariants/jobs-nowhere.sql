-- Jobs that have not ended and stand in no place of Postgres that will run them: neither under a live lease,
-- nor waiting for a time, for room or in a line of suspects. Takes nothing. Rows: {delivery (as they would
-- stand in Redis), id, state, isQueued, acceptedAt (in ms since 1970)}.
SELECT "id" || '-g' || "generation" AS "delivery", "id", concat_ws(' ', "status", "waitingFor", "crashes") AS "state",
  "status" = 'queued' AS "isQueued", extract(epoch FROM "createdAt")::float8 * 1000 AS "acceptedAt"
FROM "Job"
WHERE CASE "status"
  WHEN 'running' THEN NOT EXISTS (SELECT FROM "Lease" WHERE "name" = "workerId" AND "until" > now())
  WHEN 'queued' THEN NOT (coalesce("waitingFor" IN ('quota', 'paused'), false) OR coalesce("runAt" > now(), false) OR "crashes" >= 2)
  ELSE false END
