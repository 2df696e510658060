-- How many jobs ended in the last `hours` hours, as the outbox tells (each end stands there once), and how many run now.
-- $1: [{hours}]. Rows: one, {running, completed, failed, blocked, cancelled}.
SELECT (SELECT count(*) FROM "LiveJob" WHERE "status" = 'running')::int AS "running",
  count(*) FILTER (WHERE "type" = 'job.completed')::int AS "completed",
  count(*) FILTER (WHERE "type" = 'job.failed')::int AS "failed",
  count(*) FILTER (WHERE "type" = 'job.blocked')::int AS "blocked",
  count(*) FILTER (WHERE "type" = 'job.cancelled')::int AS "cancelled"
FROM jsonb_to_recordset($1::jsonb) AS request("hours" int)
LEFT JOIN "Outbox" ON "Outbox"."createdAt" >= now() - make_interval(hours => "hours")
