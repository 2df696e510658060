-- The session of a cookie, which lasts as long as it is used. When it was seen last is written once a minute.
-- $1: [{tokenHash (hex), idleSeconds}], one item. Rows: {id, keyId, secretMark, expiresAt}; none where it has ended.
WITH request AS (
  SELECT decode("tokenHash", 'hex') AS "tokenHash", now() - make_interval(secs => "idleSeconds") AS "idleSince"
  FROM jsonb_to_recordset($1::jsonb) AS r("tokenHash" text, "idleSeconds" float8)
), found AS (
  SELECT "Session".* FROM "Session" JOIN request USING ("tokenHash")
  WHERE "expiresAt" > now() AND "lastSeenAt" > request."idleSince"
), seen AS (
  UPDATE "Session" SET "lastSeenAt" = now()
  FROM found WHERE "Session"."id" = found."id" AND found."lastSeenAt" < now() - interval '1 minute'
)
SELECT "id", "keyId", "secretMark", "expiresAt" FROM found
