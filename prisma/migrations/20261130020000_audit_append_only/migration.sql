-- What was written into the audit log can't be emptied, either. An owner of the table could drop this: docs/operations.md,
-- "Hardening", says how API and workers are given a role that is not.
CREATE TRIGGER "AuditEntry_keep_all" BEFORE TRUNCATE ON "AuditEntry"
  FOR EACH STATEMENT EXECUTE FUNCTION understudy_keep_audit();
