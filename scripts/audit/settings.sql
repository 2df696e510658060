-- What a transaction has that reads much beside others who work. $1: [{statementMs, idleMs}], one item. Rows: one, {settings}, of no interest.
SELECT concat(
  set_config('statement_timeout', r."statementMs"::text, true),
  set_config('idle_in_transaction_session_timeout', r."idleMs"::text, true),
  -- One core, however many there are.
  set_config('max_parallel_workers_per_gather', '0', true),
  -- Each look is planned for the month and creator that it is asked for.
  set_config('plan_cache_mode', 'force_custom_plan', true),
  -- It asks for whole tables, which are read fastest from one end to the other.
  set_config('enable_seqscan', 'on', true),
  -- Sums of millions of calls: in memory as far as they fit.
  set_config('work_mem', '64MB', true),
  -- Ends soon after whoever asked is gone, which other systems can't see.
  CASE WHEN version() ~ 'linux' THEN set_config('client_connection_check_interval', '2s', true) END) AS "settings"
FROM jsonb_to_recordset($1::jsonb) AS r("statementMs" int, "idleMs" int)
