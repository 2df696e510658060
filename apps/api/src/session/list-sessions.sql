-- Sessions that have not ended, the newest first. $1: [{idleSeconds}], one item.
-- Rows: {id, keyId, address, userAgent, createdAt, lastSeenAt, expiresAt}.
SELECT "id", "keyId", "address", "userAgent", "createdAt", "lastSeenAt", "expiresAt"
FROM "Session", jsonb_to_recordset($1::jsonb) AS request("idleSeconds" float8)
WHERE "expiresAt" > now() AND "lastSeenAt" > now() - make_interval(secs => "idleSeconds")
ORDER BY "createdAt" DESC, "id" DESC
LIMIT 1000
