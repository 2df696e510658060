-- Jobs that have not ended and stand in no place of Postgres that will run them: neither under a live lease,
-- nor waiting for a time, for room or in a line of suspects; or are not among the live. Takes nothing. Rows: {delivery (as they would
-- stand in Redis), id, state, isQueued, acceptedAt (in ms since 1970)}.
SELECT job."id" || '-g' || coalesce(live."generation", job."generation") AS "delivery", job."id",
  coalesce(concat_ws(' ', live."status", live."waitingFor", live."crashes"), '') AS "state",
  coalesce(live."status" = 'queued', false) AS "isQueued", extract(epoch FROM job."createdAt")::float8 * 1000 AS "acceptedAt"
FROM "JobRecord" AS job LEFT JOIN "LiveJob" AS live USING ("id")
WHERE job."finishedAt" IS NULL AND CASE live."status"
  WHEN 'running' THEN NOT EXISTS (SELECT FROM "Lease" WHERE "name" = live."workerId" AND "until" > now())
  WHEN 'queued' THEN NOT (coalesce(live."waitingFor" IN ('quota', 'paused'), false) OR coalesce(live."runAt" > now(), false) OR live."crashes" >= 2)
  ELSE true END
