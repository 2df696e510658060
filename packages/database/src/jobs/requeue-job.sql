-- Gives a running job back to its queue, to be attempted again.
-- $1: [{id, attempt, waitingFor}]. Rows: {id} unless the attempt was fenced off.
UPDATE "Job" SET "status" = 'queued', "waitingFor" = request."waitingFor"
FROM jsonb_to_recordset($1::jsonb) AS request("id" text, "attempt" int, "waitingFor" "WaitingFor")
WHERE "Job"."id" = request."id" AND "Job"."attempt" = request."attempt" AND "Job"."status" = 'running'
RETURNING "Job"."id"
