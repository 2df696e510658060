-- Figures of the whole platform for /metrics. Cheap however much the tables hold: counts stop at 100,000, and all but
-- small tables and a day's alerts come out of indexes as long as what is left to do.
-- No parameter. One row: {waitingForQuota, waitingForSpending, undispatched, running, openCalls (counts), pausedCreators [id],
-- spendingStopped, spentUsd, heldUsd, unknownUsd (of this UTC month), outbox (events untold), outboxSeconds (age of the
-- oldest), deliveries (pending), endpoints {enabled, failing, disabled}, alerts {type: count of 24 h}, untoldAlerts}
WITH account AS (
  SELECT coalesce("spentUsd", 0) AS "spentUsd", coalesce("heldUsd", 0) AS "heldUsd", coalesce("unknownUsd", 0) AS "unknownUsd"
  FROM understudy_payers(NULL, NULL, date_trunc('month', now()::timestamptz(3) AT TIME ZONE 'UTC')::date) AS payer
  LEFT JOIN "Account" ON "Account"."id" = payer."id"
), endpoint AS (
  SELECT CASE WHEN "disabledAt" IS NOT NULL THEN 'disabled' WHEN "failingSince" IS NOT NULL THEN 'failing' ELSE 'enabled' END AS "state"
  FROM "WebhookEndpoint" WHERE "deletedAt" IS NULL
)
SELECT
  (SELECT count(*) FROM (SELECT FROM "LiveJob" WHERE "waitingFor" = 'quota' LIMIT 100000) AS c)::int AS "waitingForQuota",
  (SELECT count(*) FROM (SELECT FROM "LiveJob" WHERE "waitingFor" = 'paused' LIMIT 100000) AS c)::int AS "waitingForSpending",
  (SELECT count(*) FROM (SELECT FROM "LiveJob" WHERE "status" = 'queued' AND "dispatchedAt" IS NULL
    AND ("waitingFor" IS NULL OR "waitingFor" NOT IN ('quota', 'paused')) LIMIT 100000) AS c)::int AS "undispatched",
  (SELECT count(*) FROM (SELECT FROM "LiveJob" WHERE "status" = 'running' LIMIT 100000) AS c)::int AS "running",
  (SELECT count(*) FROM (SELECT FROM "UsageLog" WHERE "status" = 'started' LIMIT 100000) AS c)::int AS "openCalls",
  (SELECT coalesce(jsonb_agg("id"), '[]') FROM (SELECT "id" FROM "Creator" WHERE "pausedAt" IS NOT NULL LIMIT 1000) AS c) AS "pausedCreators",
  (SELECT "stopped" FROM "SpendingSwitch") AS "spendingStopped",
  account."spentUsd", account."heldUsd", account."unknownUsd",
  (SELECT count(*) FROM (SELECT FROM "Outbox" WHERE "publishedAt" IS NULL LIMIT 100000) AS c)::int AS "outbox",
  coalesce((SELECT extract(epoch FROM now() - min("createdAt")) FROM "Outbox" WHERE "publishedAt" IS NULL), 0)::float8 AS "outboxSeconds",
  (SELECT count(*) FROM (SELECT FROM "Delivery" WHERE "status" = 'pending' LIMIT 100000) AS c)::int AS "deliveries",
  (SELECT coalesce(jsonb_object_agg("state", "count"), '{}') FROM (SELECT "state", count(*) FROM endpoint GROUP BY 1) AS c) AS "endpoints",
  (SELECT coalesce(jsonb_object_agg("type", "count"), '{}')
    FROM (SELECT "type", count(*) FROM "Alert" WHERE "createdAt" > now() - interval '24 hours' GROUP BY 1) AS c) AS "alerts",
  (SELECT count(*) FROM (SELECT FROM "Alert" WHERE "notifiedAt" IS NULL LIMIT 100000) AS c)::int AS "untoldAlerts"
FROM account
