-- Takes the lock under which prices are added, until the transaction's end: whether a model has a price already
-- must not change under whoever decides by it. $1: []. One row.
SELECT pg_advisory_xact_lock(hashtext('understudy: prices')) FROM (SELECT $1::jsonb) AS nothing
