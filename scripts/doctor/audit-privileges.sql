-- Whether the role of this session could change or empty the audit log. No parameters. Rows: one, {mayEmpty}.
SELECT pg_has_role(current_user, "relowner", 'USAGE')
  OR has_table_privilege("oid", 'DELETE') OR has_table_privilege("oid", 'TRUNCATE') OR has_table_privilege("oid", 'UPDATE') AS "mayEmpty"
FROM pg_class WHERE "oid" = to_regclass('"AuditEntry"')
