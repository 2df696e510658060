-- Makes this database one in which nothing goes well by luck, for sessions that begin later. No parameters, no rows.
--   now() stands still at what `clock.moment` holds, if anything: the search path finds another now() first. Columns'
--   defaults, which know theirs by its id, are given that one.
--   The time zone is none in which a day begins when it does in UTC.
--   No index is read and groups are not sorted, so that rows come in no order that was not asked for.
CREATE SCHEMA clock;
CREATE TABLE clock.moment ("at" timestamptz);
INSERT INTO clock.moment VALUES (NULL);
CREATE FUNCTION clock.now() RETURNS timestamptz LANGUAGE sql STABLE AS $$
  SELECT coalesce("at", pg_catalog.now()) FROM clock.moment
$$;
DO $$
DECLARE
  dated record;
  setting text;
BEGIN
  FOR dated IN
    SELECT table_name, column_name, regexp_replace(column_default, 'CURRENT_TIMESTAMP|\mnow\(\)', 'clock.now()') AS "default"
    FROM information_schema.columns
    WHERE table_schema = 'public' AND column_default ~ 'CURRENT_TIMESTAMP|\mnow\(\)'
  LOOP
    EXECUTE format('ALTER TABLE public.%I ALTER COLUMN %I SET DEFAULT %s', dated.table_name, dated.column_name, dated."default");
  END LOOP;
  FOREACH setting IN ARRAY ARRAY['search_path = clock, pg_catalog, public', 'timezone = ''Pacific/Auckland''',
    'enable_indexscan = off', 'enable_indexonlyscan = off', 'enable_bitmapscan = off', 'enable_sort = off']
  LOOP
    EXECUTE format('ALTER DATABASE %I SET ', current_database()) || setting;
  END LOOP;
END $$;
