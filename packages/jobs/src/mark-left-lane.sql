-- Notes that ended jobs stand in Redis no more. $1: [{id}].
UPDATE "JobRecord" SET "inLane" = false
WHERE "id" = ANY (ARRAY(SELECT "id" FROM jsonb_to_recordset($1::jsonb) AS r("id" text))) AND "inLane"
