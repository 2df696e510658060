-- Which of these jobs were cancelled. $1: [{id}]. Rows: {id}.
SELECT "id" FROM "Job"
WHERE "id" = ANY (ARRAY(SELECT "id" FROM jsonb_to_recordset($1::jsonb) AS r("id" text))) AND "status" = 'cancelled'
