-- What is known that fits; see fitting-insights.sql.
-- $1: [{number, creatorId, fanId?, about, types?, limit, knownMax?, matchesMax, examplesMax, exampleRelevance, decayPerDay}].
-- Rows, for each number the best first, `limit` at most: {number, id, source, type, confidence, text, data, createdAt}.
-- One with a null id where more than knownMax insights are known to the creator: they take longer, and are not looked at.
WITH request AS (
  SELECT * FROM jsonb_to_recordset($1::jsonb) AS r("number" int, "creatorId" text, "fanId" text, "about" text, "types" jsonb,
    "limit" int, "knownMax" int, "matchesMax" int, "examplesMax" int, "exampleRelevance" float8, "decayPerDay" float8)
), everyones AS (
  -- In an order, so that Postgres takes the index that has it: without one it hopes to find so many soon, wherever it looks.
  SELECT count(*) AS "known" FROM (
    SELECT FROM "Insight" WHERE "creatorId" IS NULL ORDER BY "type" LIMIT (SELECT coalesce(max("knownMax"), 0) + 1 FROM request)) AS one
), counted AS MATERIALIZED (
  SELECT *, (SELECT "known" FROM everyones) + (SELECT count(*) FROM (
    SELECT FROM "Insight" WHERE "creatorId" = request."creatorId" ORDER BY "type" LIMIT coalesce("knownMax", 0) + 1) AS own) AS "known"
  FROM request
)
SELECT request."number", found."id", found."source", found."type", found."confidence", found."text", found."data",
  found."createdAt"
-- Where nothing is known no word is looked at.
FROM (SELECT *, coalesce("known" > "knownMax", false) AS "isMuch" FROM counted WHERE "known" > 0) AS request LEFT JOIN LATERAL (
  SELECT * FROM (
-- include ./fitting-insights.sql
  ) AS fitting WHERE NOT request."isMuch"
) AS found ON true
WHERE found."id" IS NOT NULL OR request."isMuch"
ORDER BY request."number", found."score" DESC, found."createdAt" DESC, found."id" DESC
