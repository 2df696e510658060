-- Why jobs failed or were blocked in the last `hours` hours, the most frequent first. $1: [{hours, limit}].
-- Rows: {code, jobs, latestAt}.
SELECT "errorCode" AS "code", count(*)::int AS "jobs", max("finishedAt") AS "latestAt"
FROM jsonb_to_recordset($1::jsonb) AS request("hours" int)
JOIN "Outbox" ON "Outbox"."createdAt" >= now() - make_interval(hours => "hours")
  AND "Outbox"."type" IN ('job.failed', 'job.blocked')
JOIN "JobRecord" AS job ON job."id" = "Outbox"."jobId" AND job."errorCode" IS NOT NULL
GROUP BY 1
ORDER BY 2 DESC, 1
LIMIT (SELECT "limit" FROM jsonb_to_recordset($1::jsonb) AS request("limit" int))
