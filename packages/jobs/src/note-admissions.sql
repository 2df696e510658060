-- Notes what the first answers to idempotency keys said beside the job, so that repeats say the same. $1: [{ownerId, key,
-- jobId, admission}], each key once. No rows.
UPDATE "IdempotencyRecord" AS record SET "admission" = request."admission"
FROM jsonb_to_recordset($1::jsonb) AS request("ownerId" text, "key" text, "jobId" text, "admission" jsonb)
WHERE record."ownerId" = request."ownerId" AND record."key" = request."key" AND record."jobId" = request."jobId"
