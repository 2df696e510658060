-- Whether a job is one of those that a list asks for: {creatorId?, creatorIds?, agent?, status?, from?, to?, afterAt?, afterId?},
-- all of which must hold; `from` is included, `to` is not; after: behind that job, the newest first. In a statement that is
-- planned for its parameters this is taken in, and what is not asked for falls away.
CREATE FUNCTION understudy_job_matches(job "Job", filter jsonb) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT (filter ->> 'creatorId' IS NULL OR job."creatorId" = filter ->> 'creatorId')
    AND (filter -> 'creatorIds' IS NULL OR filter -> 'creatorIds' ? job."creatorId")
    AND (filter ->> 'agent' IS NULL OR job."agent" = filter ->> 'agent')
    AND (filter ->> 'status' IS NULL OR job."status" = understudy_job_status(filter ->> 'status'))
    AND (filter ->> 'from' IS NULL OR job."createdAt" >= (filter ->> 'from')::timestamptz)
    AND (filter ->> 'to' IS NULL OR job."createdAt" < (filter ->> 'to')::timestamptz)
    AND (filter ->> 'afterAt' IS NULL OR job."createdAt" <= (filter ->> 'afterAt')::timestamptz
      AND (job."createdAt", job."id") < ((filter ->> 'afterAt')::timestamptz, filter ->> 'afterId'))
$$;

-- The words of an error, whatever signs stand between them, and what looks for all of some words, the last of which may be
-- cut; null where there is no word. Both can be worked out when a statement is planned.
CREATE FUNCTION understudy_error_words(code text, message text) RETURNS tsvector LANGUAGE sql IMMUTABLE AS $$
  SELECT to_tsvector('simple', regexp_replace(code || ' ' || message, '[^[:alnum:]]+', ' ', 'g'))
$$;
CREATE FUNCTION understudy_error_query(words text) RETURNS tsquery LANGUAGE sql IMMUTABLE AS $$
  SELECT (nullif(plainto_tsquery('simple', regexp_replace(words, '[^[:alnum:]]+', ' ', 'g'))::text, '') || ':*')::tsquery
$$;
DROP INDEX "Job_error_words";
CREATE INDEX "Job_error_words" ON "Job" USING gin (understudy_error_words("errorCode", "errorMessage")) WHERE "errorCode" IS NOT NULL;
