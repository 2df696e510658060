-- Between which times jobs took their token: not before they were accepted and asked for again, nor after
-- they first started. Takes nothing. Rows: {id, creatorId, acceptedAt, from, until}, times in ms since 1970;
-- until is null where it never started.
SELECT job."id", job."creatorId", extract(epoch FROM job."createdAt")::float8 * 1000 AS "acceptedAt",
  extract(epoch FROM greatest(job."createdAt", job."notBefore", again."at"))::float8 * 1000 AS "from",
  extract(epoch FROM coalesce(live."startedAt", job."startedAt"))::float8 * 1000 AS "until"
FROM "JobRecord" AS job LEFT JOIN "LiveJob" AS live USING ("id")
LEFT JOIN LATERAL (
  SELECT max(("jobEnd" ->> 'finishedAt')::timestamptz) AS "at" FROM "Outbox" WHERE "jobId" = job."id" AND job."retries" > 0
) AS again ON true
