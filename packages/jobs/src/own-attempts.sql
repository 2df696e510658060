-- Attempts that Postgres says a process has under way. $1: [{workerId}], the name of its lease. Rows: {id, attempt}.
SELECT "id", "attempt" FROM "LiveJob" JOIN jsonb_to_recordset($1::jsonb) AS request("workerId" text) USING ("workerId")
WHERE "status" = 'running'
