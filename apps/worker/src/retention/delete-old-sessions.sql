-- Deletes sessions whose time is over, or that nothing came from for a day. $1: [{limit}], one item. Rows: {id} of each.
DELETE FROM "Session" WHERE "id" IN (
  SELECT "id" FROM "Session" WHERE "expiresAt" < now() OR "lastSeenAt" < now() - interval '1 day'
  LIMIT (SELECT ($1::jsonb -> 0 ->> 'limit')::int)
  FOR UPDATE SKIP LOCKED
)
RETURNING "id"
