-- Workers of the release before can't claim, settle or end without the columns that the next migration takes away: answers that
-- were paid for would be lost. So nothing is taken away while one of them lives.
DO $$ BEGIN
  IF to_regclass('"LiveJob"') IS NULL
    AND EXISTS (SELECT FROM "Lease" WHERE "name" LIKE 'worker\_%' AND "until" > now()) THEN
    RAISE EXCEPTION 'workers of the release before run: stop them and the API, then migrate (see "Upgrading" in CHANGELOG.md)';
  END IF;
END $$;
