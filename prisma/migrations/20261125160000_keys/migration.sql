-- AlterTable
-- No key could be made before: there is no row to fill these for.
ALTER TABLE "ApiKey" ADD COLUMN     "name" TEXT NOT NULL,
ADD COLUMN     "scopes" TEXT[],
ADD COLUMN     "creatorIds" TEXT[],
ADD COLUMN     "secretHash" BYTEA NOT NULL,
ADD COLUMN     "previousSecretHash" BYTEA,
ADD COLUMN     "previousSecretUntil" TIMESTAMPTZ(3),
ADD COLUMN     "expiresAt" TIMESTAMPTZ(3),
ADD COLUMN     "revokedAt" TIMESTAMPTZ(3),
ADD COLUMN     "lastUsedAt" TIMESTAMPTZ(3),
ADD COLUMN     "updatedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP;

-- CreateTable
CREATE TABLE "AuditEntry" (
    "id" TEXT NOT NULL,
    "actor" TEXT NOT NULL,
    "operation" TEXT NOT NULL,
    "target" TEXT,
    "requestId" TEXT NOT NULL,
    "changes" JSONB NOT NULL DEFAULT '{}',
    "outcome" TEXT,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "AuditEntry_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "ApiKey_createdAt_id_idx" ON "ApiKey"("createdAt", "id");

-- CreateIndex
CREATE INDEX "AuditEntry_createdAt_id_idx" ON "AuditEntry"("createdAt", "id");

-- CreateIndex
CREATE INDEX "AuditEntry_actor_createdAt_idx" ON "AuditEntry"("actor", "createdAt");

ALTER TABLE "ApiKey"
  ADD CONSTRAINT "ApiKey_hashes" CHECK (octet_length("secretHash") = 32 AND octet_length("previousSecretHash") = 32),
  ADD CONSTRAINT "ApiKey_previous" CHECK (("previousSecretHash" IS NULL) = ("previousSecretUntil" IS NULL)),
  -- Who may do everything sees everything.
  ADD CONSTRAINT "ApiKey_admin_is_unbound" CHECK (NOT ('admin' = ANY ("scopes") AND cardinality("creatorIds") > 0));

-- What was written into the audit log stays as it is: once, its outcome is added.
CREATE FUNCTION understudy_keep_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND OLD."outcome" IS NULL AND
     ROW(NEW."id", NEW."actor", NEW."operation", NEW."requestId", NEW."changes", NEW."createdAt")
       IS NOT DISTINCT FROM ROW(OLD."id", OLD."actor", OLD."operation", OLD."requestId", OLD."changes", OLD."createdAt")
  THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'The audit log can''t be changed.' USING ERRCODE = 'check_violation';
END
$$;

CREATE TRIGGER "AuditEntry_keep" BEFORE UPDATE OR DELETE ON "AuditEntry"
  FOR EACH ROW EXECUTE FUNCTION understudy_keep_audit();
