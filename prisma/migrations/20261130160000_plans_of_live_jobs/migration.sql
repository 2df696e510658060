-- Postgres keeps the plan of a statement until it hears of a table that it has grown, which autovacuum tells once a minute. LiveJob is
-- nearly empty where little is to do: plans of then read all of it, for each job of a burst. So it is told as soon as the table is twice
-- as long. Whoever works may call this, and does not own the table. Who analyzes it already is not waited for.
CREATE FUNCTION understudy_renew_plans_of_live_jobs() RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_catalog AS $$
BEGIN
  IF pg_relation_size('"LiveJob"') <= (
    SELECT 2 * greatest("relpages", 8)::bigint * current_setting('block_size')::int FROM pg_class WHERE "oid" = '"LiveJob"'::regclass
  ) THEN
    RETURN false;
  END IF;
  ANALYZE (SKIP_LOCKED) "LiveJob";
  RETURN true;
END $$;
