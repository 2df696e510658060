-- Of attempts under way in a process, those that are the jobs' own no more. $1: [{id, attempt}], each id once.
-- Rows: {id, isCancelled}; not cancelled: taken over, as if their worker had died, or blamed for that.
SELECT known."id", job."status" = 'cancelled' AS "isCancelled"
FROM jsonb_to_recordset($1::jsonb) AS known("id" text, "attempt" int)
CROSS JOIN LATERAL (SELECT "status", "attempt" FROM "Job" WHERE "id" = known."id" LIMIT 1) AS job
WHERE job."status" IN ('cancelled', 'queued', 'failed') OR job."attempt" <> known."attempt"
