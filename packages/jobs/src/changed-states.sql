-- Of jobs that are watched, those that are not as they were last seen. $1: [{id, seen}], seen: null before the first look.
-- Rows: {id, state}.
SELECT watched."id", job."state"
FROM jsonb_to_recordset($1::jsonb) AS watched("id" text, "seen" text)
CROSS JOIN LATERAL (
  SELECT concat_ws(' ', "status", "attempt", "waitingFor") AS "state" FROM "Job" WHERE "id" = watched."id" LIMIT 1
) AS job
WHERE job."state" IS DISTINCT FROM watched."seen"
