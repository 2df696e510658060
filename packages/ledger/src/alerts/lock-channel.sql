-- Makes the caller's transaction the only one that tells alerts through a channel, where no other is.
-- $1: [{channel, idleMsMax}]. Rows: one, {locked}.
-- A worker that freezes while it holds the lock loses it after `idleMsMax`, with its connection.
SELECT pg_try_advisory_xact_lock(hashtextextended('understudy.alerts.' || r."channel", 0)) AS "locked"
FROM jsonb_to_recordset($1::jsonb) AS r("channel" text, "idleMsMax" int)
CROSS JOIN set_config('idle_in_transaction_session_timeout', r."idleMsMax"::text, true)
