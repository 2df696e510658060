-- Takes back the crash that was counted when a job was taken over from an attempt whose worker, as it turns
-- out, was alive and only slow. $1: [{id, attempt}]: the attempt that was fenced off. No rows.
UPDATE "Job" SET "crashes" = "crashes" - 1
FROM jsonb_to_recordset($1::jsonb) AS fenced("id" text, "attempt" int)
WHERE "Job"."id" = fenced."id" AND "Job"."attempt" > fenced."attempt" AND "Job"."crashes" > 0
  AND fenced."attempt" > "Job"."retriedAttempt"
  AND "Job"."status" IN ('queued', 'running')
