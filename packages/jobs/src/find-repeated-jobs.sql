-- What idempotency keys stand for. $1: [{ownerId, key}].
-- Rows: {ownerId, key, fingerprint, admission (null where it was never noted), id, agent, creatorId, createdAt, notBefore};
-- none for a key that is new, or was too long ago.
SELECT record."ownerId", record."key", record."fingerprint", record."admission",
  job."id", job."agent", job."creatorId", job."createdAt", job."notBefore"
FROM jsonb_to_recordset($1::jsonb) AS request("ownerId" text, "key" text)
JOIN "IdempotencyRecord" AS record USING ("ownerId", "key")
JOIN "JobRecord" AS job ON job."id" = record."jobId"
WHERE record."expiresAt" > now()
