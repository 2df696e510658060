-- People who have signed in: a session that is ended here ends everywhere, at once.
CREATE TABLE "Session" (
  "id" TEXT PRIMARY KEY,
  "tokenHash" BYTEA NOT NULL,
  "keyId" TEXT,
  "secretMark" TEXT NOT NULL,
  "address" TEXT NOT NULL,
  "userAgent" TEXT NOT NULL,
  "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  "lastSeenAt" TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  "expiresAt" TIMESTAMPTZ(3) NOT NULL
);

CREATE UNIQUE INDEX "Session_tokenHash_key" ON "Session" ("tokenHash");
CREATE INDEX "Session_expiresAt_idx" ON "Session" ("expiresAt");
