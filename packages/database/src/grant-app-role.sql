-- What API and workers need, for a role that owns nothing: it can neither change the schema nor empty the audit log, of which it
-- writes entries and, once, their outcome. :role is put in. May be repeated.
GRANT USAGE ON SCHEMA public TO :role;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO :role;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO :role;
REVOKE ALL ON "AuditEntry", "_prisma_migrations" FROM :role;
GRANT SELECT ON "_prisma_migrations" TO :role;
GRANT SELECT, INSERT, UPDATE ("outcome", "target") ON "AuditEntry" TO :role;
