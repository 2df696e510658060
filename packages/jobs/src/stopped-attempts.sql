-- Of attempts under way in a process, those that are the jobs' own no more. $1: [{id, attempt}], each id once.
-- Rows: {id, isCancelled}; not cancelled: taken over, as if their worker had died, or blamed for that.
SELECT "Job"."id", "Job"."status" = 'cancelled' AS "isCancelled"
FROM jsonb_to_recordset($1::jsonb) AS known("id" text, "attempt" int) JOIN "Job" USING ("id")
WHERE ("Job"."status" IN ('cancelled', 'queued', 'failed') OR "Job"."attempt" <> known."attempt")
  AND "Job"."id" = ANY (ARRAY(SELECT "id" FROM jsonb_to_recordset($1::jsonb) AS listed("id" text)))
