-- Alerts that a channel has not taken, the oldest first. $1: [{channel, limit}].
-- Rows: {id, type, creatorId, payload, createdAt, notifiedAt}.
SELECT "id", "type", "creatorId", "payload", "createdAt", "notifiedAt"
FROM "Alert"
WHERE "notifiedAt" IS NULL AND NOT ($1::jsonb -> 0 ->> 'channel' = ANY ("notifiedVia"))
ORDER BY "createdAt", "id"
LIMIT ($1::jsonb -> 0 ->> 'limit')::int
