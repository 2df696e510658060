-- Queued jobs by what they wait for. What stands in its creator's lane waits for a token, a worker or the end of a pause:
-- only Redis knows, so those are counted by creator (`cause` is null): the `lanes` longest each, and all others together.
-- $1: [{lanes}]. Rows: {cause, creatorId, jobs}; creatorId is null where the cause is known, and for the others together.
WITH counted AS (
  SELECT "cause", "creatorId", count(*) AS "jobs", row_number() OVER (PARTITION BY "cause" ORDER BY count(*) DESC) AS "rank"
  FROM (
    SELECT CASE WHEN "notBefore" > now() THEN 'time' ELSE "waitingFor"::text END AS "cause",
      CASE WHEN "notBefore" > now() OR "waitingFor" IS NOT NULL THEN NULL ELSE "creatorId" END AS "creatorId"
    FROM "LiveJob" WHERE "status" = 'queued'
  ) AS queued
  GROUP BY 1, 2
)
SELECT "cause", CASE WHEN "rank" <= "lanes" THEN "creatorId" END AS "creatorId", sum("jobs")::int AS "jobs"
FROM counted, jsonb_to_recordset($1::jsonb) AS request("lanes" int)
GROUP BY 1, 2
