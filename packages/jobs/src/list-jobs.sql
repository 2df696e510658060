-- A page of jobs, the newest first. Planned anew each time, so that of the ways below those that are not asked for fall
-- away, and each of the others reads no more than a page through its index.
-- $1: [{q?, limit, and what understudy_job_matches takes}], one item. q: the whole id of a job or fan, the beginning of a
-- creator's id, or words of an error, the last of which may be cut. Rows: {id, createdAt}, in order, `limit` at most.
WITH found AS (
  -- What has not ended: among what has, and came later, it would be looked for long.
  (SELECT live."id", live."createdAt" FROM "LiveJob" AS live
   WHERE $1::jsonb -> 0 ->> 'q' IS NULL AND $1::jsonb -> 0 ->> 'status' IN ('queued', 'running')
     AND live."status" = understudy_job_status($1::jsonb -> 0 ->> 'status')
     AND ($1::jsonb -> 0 ->> 'creatorId' IS NULL OR live."creatorId" = $1::jsonb -> 0 ->> 'creatorId')
     AND ($1::jsonb -> 0 -> 'creatorIds' IS NULL OR $1::jsonb -> 0 -> 'creatorIds' ? live."creatorId")
     AND ($1::jsonb -> 0 ->> 'agent' IS NULL OR live."agent" = $1::jsonb -> 0 ->> 'agent')
     AND ($1::jsonb -> 0 ->> 'from' IS NULL OR live."createdAt" >= ($1::jsonb -> 0 ->> 'from')::timestamptz)
     AND ($1::jsonb -> 0 ->> 'to' IS NULL OR live."createdAt" < ($1::jsonb -> 0 ->> 'to')::timestamptz)
     AND ($1::jsonb -> 0 ->> 'afterAt' IS NULL
       OR (live."createdAt", live."id") < (($1::jsonb -> 0 ->> 'afterAt')::timestamptz, $1::jsonb -> 0 ->> 'afterId'))
   ORDER BY live."createdAt" DESC, live."id" DESC LIMIT ($1::jsonb -> 0 ->> 'limit')::int)
  UNION ALL
  -- All, or all of one creator. Of very many creators it is quicker to read on until a page is full.
  (SELECT job."id", job."createdAt" FROM "JobRecord" AS job LEFT JOIN "LiveJob" AS live USING ("id")
   WHERE $1::jsonb -> 0 ->> 'q' IS NULL AND (coalesce(jsonb_array_length($1::jsonb -> 0 -> 'creatorIds'), 101) > 100
       OR $1::jsonb -> 0 ->> 'creatorId' IS NOT NULL)
     AND coalesce($1::jsonb -> 0 ->> 'status' NOT IN ('queued', 'running'), true)
     AND understudy_job_matches(job, live, $1::jsonb -> 0)
   ORDER BY job."createdAt" DESC, job."id" DESC LIMIT ($1::jsonb -> 0 ->> 'limit')::int)
  UNION ALL
  -- All of some creators.
  (SELECT own.* FROM jsonb_array_elements_text($1::jsonb -> 0 -> 'creatorIds') AS creator, LATERAL (
     SELECT job."id", job."createdAt" FROM "JobRecord" AS job LEFT JOIN "LiveJob" AS live USING ("id")
     WHERE job."creatorId" = creator AND understudy_job_matches(job, live, $1::jsonb -> 0)
     ORDER BY job."createdAt" DESC, job."id" DESC LIMIT ($1::jsonb -> 0 ->> 'limit')::int) AS own
   WHERE $1::jsonb -> 0 ->> 'q' IS NULL AND $1::jsonb -> 0 ->> 'creatorId' IS NULL
     AND coalesce($1::jsonb -> 0 ->> 'status' NOT IN ('queued', 'running'), true)
     AND jsonb_array_length($1::jsonb -> 0 -> 'creatorIds') <= 100)
  UNION ALL
  (SELECT job."id", job."createdAt" FROM "JobRecord" AS job LEFT JOIN "LiveJob" AS live USING ("id")
   WHERE job."id" = $1::jsonb -> 0 ->> 'q' AND understudy_job_matches(job, live, $1::jsonb -> 0))
  UNION ALL
  (SELECT own.* FROM "Creator", LATERAL (
     SELECT job."id", job."createdAt" FROM "JobRecord" AS job LEFT JOIN "LiveJob" AS live USING ("id")
     WHERE job."creatorId" = "Creator"."id" AND understudy_job_matches(job, live, $1::jsonb -> 0)
     ORDER BY job."createdAt" DESC, job."id" DESC LIMIT ($1::jsonb -> 0 ->> 'limit')::int) AS own
   WHERE starts_with("Creator"."id", $1::jsonb -> 0 ->> 'q'))
  UNION ALL
  (SELECT own.* FROM "Creator", LATERAL (
     SELECT job."id", job."createdAt" FROM "JobRecord" AS job LEFT JOIN "LiveJob" AS live USING ("id")
     WHERE job."creatorId" = "Creator"."id" AND job."fanId" = $1::jsonb -> 0 ->> 'q' AND understudy_job_matches(job, live, $1::jsonb -> 0)
     ORDER BY job."createdAt" DESC, job."id" DESC LIMIT ($1::jsonb -> 0 ->> 'limit')::int) AS own
   WHERE $1::jsonb -> 0 ->> 'q' IS NOT NULL)
  UNION ALL
  -- OFFSET keeps Postgres from reading all jobs in the order of the list, which it takes to find such words soon.
  (SELECT * FROM (
     SELECT job."id", job."createdAt" FROM "JobRecord" AS job LEFT JOIN "LiveJob" AS live USING ("id")
     WHERE job."errorCode" IS NOT NULL
       AND understudy_error_words(job."errorCode", job."errorMessage") @@ understudy_error_query($1::jsonb -> 0 ->> 'q')
       AND understudy_job_matches(job, live, $1::jsonb -> 0)
     OFFSET 0) AS worded
   ORDER BY "createdAt" DESC, "id" DESC LIMIT ($1::jsonb -> 0 ->> 'limit')::int)
)
SELECT DISTINCT "createdAt", "id" FROM found
ORDER BY "createdAt" DESC, "id" DESC LIMIT ($1::jsonb -> 0 ->> 'limit')::int
