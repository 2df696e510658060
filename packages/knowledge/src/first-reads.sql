-- What the agent of a job `claimed` begins with, as far as it says so in `reads` {recallsUnless?, about?, limit, jobsMax, matchesMax,
-- examplesMax, exampleRelevance, decayPerDay}; nothing of a job that has finished steps, which hold what it has read.
-- recallsUnless: a field of the input, in place of which the conversation is read. about: the field that insights are to be about.
-- Row: {conversation {summary, exchanges [{id, createdAt, message, reply}]}, insights [{id, source, type, confidence, text, data,
-- createdAt}]}. Either is null where it is not read; insights also where more than 100 are known to the creator: they take longer.
SELECT
  CASE WHEN claimed."fanId" IS NOT NULL AND NOT claimed."input" ? reads."recallsUnless" THEN (
    SELECT jsonb_build_object('summary', max(said."summary"), 'exchanges', coalesce(
      jsonb_agg(jsonb_build_object('id', said."id", 'createdAt', said."createdAt", 'message', said."message", 'reply', said."reply")
        ORDER BY said."createdAt" DESC, said."id" DESC) FILTER (WHERE said."id" IS NOT NULL), '[]'))
    FROM (
      SELECT claimed."id" AS "jobId", claimed."creatorId", claimed."fanId", reads."jobsMax", NULL::jsonb AS "ids"
    ) AS request CROSS JOIN LATERAL (
-- include ./conversation.sql
    ) AS said
  ) END AS "conversation",
  CASE WHEN reads."about" IS NOT NULL THEN (
    SELECT CASE WHEN known."count" = 0 THEN '[]' WHEN known."count" <= 100 THEN (
      SELECT coalesce(jsonb_agg(jsonb_build_object('id', found."id", 'source', found."source", 'type', found."type",
        'confidence', found."confidence", 'text', found."text", 'data', found."data", 'createdAt', found."createdAt")
        ORDER BY found."score" DESC, found."createdAt" DESC, found."id" DESC), '[]')
      FROM (
        SELECT claimed."creatorId", claimed."fanId", claimed."input" ->> reads."about" AS "about", NULL::jsonb AS "types", reads."limit",
          reads."matchesMax", reads."examplesMax", reads."exampleRelevance", reads."decayPerDay"
      ) AS request CROSS JOIN LATERAL (
-- include ./fitting-insights.sql
      ) AS found
    ) END
    FROM (SELECT
      -- In an order, so that Postgres takes the index that has it. Everyone's are counted once for all jobs.
      (SELECT count(*) FROM (SELECT FROM "Insight" WHERE "creatorId" IS NULL ORDER BY "type" LIMIT 101) AS everyones)
      + (SELECT count(*) FROM (SELECT FROM "Insight" WHERE "creatorId" = claimed."creatorId" ORDER BY "type" LIMIT 101) AS own) AS "count"
    ) AS known
  ) END AS "insights"
FROM jsonb_to_record(claimed."reads") AS reads("recallsUnless" text, "about" text, "limit" int, "jobsMax" int, "matchesMax" int,
  "examplesMax" int, "exampleRelevance" float8, "decayPerDay" float8)
WHERE NOT EXISTS (SELECT FROM "Step" WHERE "jobId" = claimed."id")
