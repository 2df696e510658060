-- Deletes what idempotency keys stood for that count no more. $1: [{limit}]. Rows: {jobId}.
DELETE FROM "IdempotencyRecord" AS record USING (
  SELECT "ownerId", "key" FROM "IdempotencyRecord" WHERE "expiresAt" <= now()
  ORDER BY "expiresAt"
  LIMIT ($1::jsonb -> 0 ->> 'limit')::int
  FOR UPDATE SKIP LOCKED
) AS old
WHERE record."ownerId" = old."ownerId" AND record."key" = old."key" AND record."expiresAt" <= now()
RETURNING record."jobId"
