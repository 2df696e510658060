-- Of jobs that are watched, those that are not as they were last seen. $1: [{id, seen}], seen: null before the first look.
-- Rows: {id, state}.
SELECT "Job"."id", states."now" AS "state"
FROM jsonb_to_recordset($1::jsonb) AS watched("id" text, "seen" text)
JOIN "Job" ON "Job"."id" = watched."id"
CROSS JOIN LATERAL (SELECT concat_ws(' ', "Job"."status", "Job"."attempt", "Job"."waitingFor")) AS states("now")
WHERE states."now" IS DISTINCT FROM watched."seen"
  -- Says nothing new: without it Postgres, which takes any batch for a hundred items, reads the whole table.
  AND "Job"."id" = ANY (ARRAY(SELECT "id" FROM jsonb_to_recordset($1::jsonb) AS listed("id" text)))
