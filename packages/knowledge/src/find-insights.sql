-- What is known that fits: of one creator and of all, never of another creator nor of another fan, and not expired.
-- $1: [{number, creatorId, fanId?, words, types?, limit, knownMax?, matchesMax, examplesMax, exampleRelevance, decayPerDay}].
-- words: of any text; they are matched as Postgres reads them ("simple": as they stand).
-- Rows, for each number the best first, `limit` at most: {number, id, source, type, confidence, text, data, createdAt}.
-- One with a null id where more than knownMax insights are known to the creator: they take longer, and are not looked at.
-- The best have the highest relevance × confidence × decay × outcomes:
--   relevance: the share of the words that are found, from 0 to 1 (ts_rank). Of the latest style examples at least
--     exampleRelevance, since they teach how the creator sounds whatever it is about.
--   decay: decayPerDay to the power of the age in days.
--   outcomes: (good + 1) / (good + bad + 2), Laplace's rule of succession: half for what was never judged. Good is
--     sent or converted, bad is rejected; an edited result counts as a quarter of a bad one.
WITH request AS (
  SELECT * FROM jsonb_to_recordset($1::jsonb) AS r("number" int, "creatorId" text, "fanId" text, "words" jsonb, "types" jsonb,
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
  WITH search AS (
    -- Each word is made a query by Postgres itself, and is written as it writes queries: no text can break out.
    -- Words that mean nothing by themselves stand in nearly everything: they find nothing and cost the most.
    SELECT coalesce(string_agg(query::text, ' | '), '')::tsquery AS "query"
    FROM jsonb_array_elements_text(request."words") AS word, plainto_tsquery('simple', word) AS query
    WHERE numnode(query) > 0
      AND NOT '{}' IN (ts_lexize('english_stem', word), ts_lexize('spanish_stem', word), ts_lexize('portuguese_stem', word),
        ts_lexize('french_stem', word), ts_lexize('german_stem', word), ts_lexize('italian_stem', word),
        ts_lexize('russian_stem', word))
  ), matching AS (
    -- Two lists, so that each is found by its indexes; the latest are taken where there are very many.
    (SELECT "id" FROM "Insight"
     WHERE "creatorId" = request."creatorId"
       AND to_tsvector('simple', "text") @@ (SELECT "query" FROM search)
       AND ("fanId" IS NULL OR "fanId" = request."fanId")
       AND ("expiresAt" IS NULL OR "expiresAt" > now())
       AND (request."types" IS NULL OR request."types" ? "type")
     ORDER BY "createdAt" DESC LIMIT request."matchesMax")
    UNION ALL
    (SELECT "id" FROM "Insight"
     WHERE "creatorId" IS NULL
       AND to_tsvector('simple', "text") @@ (SELECT "query" FROM search)
       AND ("expiresAt" IS NULL OR "expiresAt" > now())
       AND (request."types" IS NULL OR request."types" ? "type")
     ORDER BY "createdAt" DESC LIMIT request."matchesMax")
  ), example AS (
    SELECT "id" FROM "Insight"
    WHERE "creatorId" = request."creatorId"
      AND "type" = 'style_example'
      AND ("fanId" IS NULL OR "fanId" = request."fanId")
      AND ("expiresAt" IS NULL OR "expiresAt" > now())
      AND (request."types" IS NULL OR request."types" ? 'style_example')
    ORDER BY "createdAt" DESC LIMIT request."examplesMax"
  ), best AS (
    SELECT insight.*, greatest(
      ts_rank('{1,1,1,1}', to_tsvector('simple', insight."text"), (SELECT "query" FROM search)),
      CASE WHEN insight."id" IN (SELECT "id" FROM example) THEN request."exampleRelevance" END
    ) AS "relevance"
    FROM "Insight" AS insight
    WHERE NOT request."isMuch"
      AND insight."id" = ANY (ARRAY(SELECT "id" FROM matching UNION SELECT "id" FROM example))
  ), judged AS (
    SELECT "insightId",
      count(*) FILTER (WHERE "outcome" IN ('sent', 'converted')) AS "good",
      count(*) FILTER (WHERE "outcome" = 'rejected') + count(*) FILTER (WHERE "outcome" = 'edited') / 4.0 AS "bad"
    FROM "InsightOutcome" WHERE "insightId" = ANY (ARRAY(SELECT "id" FROM best))
    GROUP BY "insightId"
  )
  SELECT best.*,
    "relevance" * "confidence"
      * power(request."decayPerDay", greatest(extract(epoch FROM now() - "createdAt"), 0) / 86400)
      * (coalesce("good", 0) + 1) / (coalesce("good", 0) + coalesce("bad", 0) + 2) AS "score"
  FROM best LEFT JOIN judged ON judged."insightId" = best."id"
  ORDER BY "score" DESC, best."createdAt" DESC, best."id" DESC
  LIMIT request."limit"
) AS found ON true
WHERE found."id" IS NOT NULL OR request."isMuch"
ORDER BY request."number", found."score" DESC, found."createdAt" DESC, found."id" DESC
