-- The insights that fit a `request` {creatorId, fanId, about, types, limit, matchesMax, examplesMax, exampleRelevance, decayPerDay}: of one
-- creator and of all, never of another creator nor of another fan, and not expired. about: any text.
-- Rows, `limit` at most: {id, source, type, confidence, text, data, createdAt, score, and more}; the best have the highest score,
-- relevance × confidence × decay × outcomes:
--   relevance: the share of the words that are found, from 0 to 1 (ts_rank). Of the latest style examples at least
--     exampleRelevance, since they teach how the creator sounds whatever it is about.
--   decay: decayPerDay to the power of the age in days.
--   outcomes: (good + 1) / (good + bad + 2), Laplace's rule of succession: half for what was never judged. Good is
--     sent or converted, bad is rejected; an edited result counts as a quarter of a bad one.
WITH word AS (
  -- As Postgres reads a text. Where words are written apart, one or two letters say nothing; the longest say most.
  SELECT DISTINCT left("lexeme", 64) AS "word" FROM unnest(to_tsvector('simple', left(request."about", 20000)))
  WHERE length("lexeme") > 2 OR "lexeme" ~ '[^0-9A-Za-z\u00AA-\u02AF\u0370-\u052F]'
), search AS (
  -- Each word is made a query by Postgres itself, and is written as it writes queries: no text can break out.
  -- Words that mean nothing by themselves stand in nearly everything: they find nothing and cost the most.
  SELECT coalesce(string_agg(query::text, ' | '), '')::tsquery AS "query"
  FROM (SELECT "word" FROM word ORDER BY length("word") DESC, "word" LIMIT 32) AS word, plainto_tsquery('simple', "word") AS query
  WHERE numnode(query) > 0
    AND NOT '{}' IN (ts_lexize('english_stem', "word"), ts_lexize('spanish_stem', "word"), ts_lexize('portuguese_stem', "word"),
      ts_lexize('french_stem', "word"), ts_lexize('german_stem', "word"), ts_lexize('italian_stem', "word"),
      ts_lexize('russian_stem', "word"))
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
  WHERE insight."id" = ANY (ARRAY(SELECT "id" FROM matching UNION SELECT "id" FROM example))
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
