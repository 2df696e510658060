-- Signs a person in, for so long by the clock of Postgres.
-- $1: [{id, tokenHash (hex), keyId, secretMark, address, userAgent, seconds}], one item. Rows: {expiresAt}.
INSERT INTO "Session" ("id", "tokenHash", "keyId", "secretMark", "address", "userAgent", "expiresAt")
SELECT "id", decode("tokenHash", 'hex'), "keyId", "secretMark", "address", "userAgent", now() + make_interval(secs => "seconds")
FROM jsonb_to_recordset($1::jsonb) AS r("id" text, "tokenHash" text, "keyId" text, "secretMark" text, "address" text,
  "userAgent" text, "seconds" float8)
RETURNING "expiresAt"
