-- For how long the longest of these jobs could have been started. $1: [{id, tokenSeconds}], each id once: for how long there
-- has been a token for it. Rows: {seconds}, none where no such job is queued.
SELECT max(least(
  extract(epoch FROM now() - greatest(job."createdAt", job."notBefore"))::float8, request."tokenSeconds")) AS "seconds"
FROM jsonb_to_recordset($1::jsonb) AS request("id" text, "tokenSeconds" float8)
CROSS JOIN LATERAL (SELECT "createdAt", "notBefore", "status" FROM "LiveJob" WHERE "id" = request."id" LIMIT 1) AS job
WHERE job."status" = 'queued'
HAVING count(*) > 0
