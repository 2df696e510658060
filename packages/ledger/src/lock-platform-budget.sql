-- Takes the lock under which calls are opened while the platform has a budget, until the transaction's end.
-- $1: []. One row.
SELECT pg_advisory_xact_lock(hashtext('understudy: platform budget')) FROM (SELECT $1::jsonb) AS nothing
