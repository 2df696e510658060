-- What Postgres says of itself and of the session that it gives us.
-- No parameters. Rows: one, {version (150004), nowMs, connectionsMax, statementTimeout, idleTimeout (as SHOW has them),
-- jit, seqScan, isUtc, tls}. seqScan: whether plans may read whole tables. isUtc: its time zone.
SELECT current_setting('server_version_num')::int AS "version",
  extract(epoch FROM clock_timestamp())::float8 * 1000 AS "nowMs",
  current_setting('max_connections')::int AS "connectionsMax",
  current_setting('statement_timeout') AS "statementTimeout",
  current_setting('idle_in_transaction_session_timeout') AS "idleTimeout",
  current_setting('jit') AS "jit",
  current_setting('enable_seqscan') AS "seqScan",
  current_setting('timezone') IN ('UTC', 'Etc/UTC', 'GMT') AS "isUtc",
  coalesce((SELECT "ssl" FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false) AS "tls"
