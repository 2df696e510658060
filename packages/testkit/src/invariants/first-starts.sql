-- Between which times jobs took their token: not before they were accepted and asked for again, nor after
-- they first started. Takes nothing. Rows: {id, creatorId, acceptedAt, from, until}, times in ms since 1970;
-- until is null where it never started.
SELECT "Job"."id", "creatorId", extract(epoch FROM "createdAt")::float8 * 1000 AS "acceptedAt",
  extract(epoch FROM greatest("createdAt", "notBefore", again."at"))::float8 * 1000 AS "from",
  extract(epoch FROM "startedAt")::float8 * 1000 AS "until"
FROM "Job"
LEFT JOIN LATERAL (
  SELECT max(("jobEnd" ->> 'finishedAt')::timestamptz) AS "at" FROM "Outbox" WHERE "jobId" = "Job"."id" AND "retries" > 0
) AS again ON true
