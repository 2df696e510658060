-- For how long the longest of these jobs could have been started. $1: [{id, tokenSeconds}], each id once: for how long there
-- has been a token for it. Rows: {seconds}, none where no such job is queued.
SELECT max(least(
  extract(epoch FROM now() - greatest("Job"."createdAt", "Job"."notBefore"))::float8, request."tokenSeconds")) AS "seconds"
FROM "Job" JOIN jsonb_to_recordset($1::jsonb) AS request("id" text, "tokenSeconds" float8) USING ("id")
-- Says nothing new: without it Postgres, which takes any batch for a hundred items, reads the whole table.
WHERE "Job"."id" = ANY (ARRAY(SELECT "id" FROM jsonb_to_recordset($1::jsonb) AS listed("id" text)))
  AND "Job"."status" = 'queued'
HAVING count(*) > 0
