-- Adds a price, unless it begins too soon for every process to know it in time. Only a model, tier and region class
-- of a provider that has no price yet may begin at once or in the past: no call of it can have been made.
-- Runs behind lock-prices.sql, in its transaction.
-- $1: [{provider, name, shorterName, serviceTier, regionClass, validFrom?, now, earliest, inputUsd, outputUsd, cachedUsd, audioInputUsd,
--       audioCachedUsd, longContextAbove?, longInputUsd?, longOutputUsd?, longCachedUsd?, source}], one.
-- One row: {id, model, validFrom, exists}. id: null where nothing was added. model: the name under which the price
-- stands. exists: there is a price from that very time already.
WITH request AS (
  SELECT r.*, CASE WHEN EXISTS (SELECT FROM "Price" WHERE "Price"."model" = r."name") THEN r."name"
      ELSE r."shorterName" END AS "model"
  FROM jsonb_to_recordset($1::jsonb) AS r("provider" text, "name" text, "shorterName" text, "serviceTier" "ServiceTier", "regionClass" text,
    "validFrom" timestamptz, "now" timestamptz, "earliest" timestamptz, "inputUsd" numeric, "outputUsd" numeric,
    "cachedUsd" numeric, "audioInputUsd" numeric, "audioCachedUsd" numeric, "longContextAbove" int,
    "longInputUsd" numeric, "longOutputUsd" numeric, "longCachedUsd" numeric, "source" text)
), dated AS (
  SELECT request.*, known."isKnown",
    coalesce(request."validFrom", CASE WHEN known."isKnown" THEN request."earliest" ELSE request."now" END) AS "begins"
  FROM request CROSS JOIN LATERAL (
    SELECT EXISTS (
      SELECT FROM "Price" WHERE "Price"."provider" = request."provider" AND "Price"."model" = request."model"
        AND "Price"."serviceTier" = request."serviceTier" AND "Price"."regionClass" = request."regionClass"
    ) AS "isKnown"
  ) AS known
), added AS (
  INSERT INTO "Price" ("provider", "model", "serviceTier", "regionClass", "validFrom", "inputUsd", "outputUsd", "cachedUsd", "audioInputUsd",
    "audioCachedUsd", "longContextAbove", "longInputUsd", "longOutputUsd", "longCachedUsd", "source")
  SELECT "provider", "model", "serviceTier", "regionClass", "begins", "inputUsd", "outputUsd", "cachedUsd", "audioInputUsd", "audioCachedUsd",
    "longContextAbove", "longInputUsd", "longOutputUsd", "longCachedUsd", "source"
  FROM dated WHERE NOT "isKnown" OR "begins" >= "earliest"
  ON CONFLICT DO NOTHING
  RETURNING "id"
)
SELECT added."id", dated."model", dated."begins" AS "validFrom",
  EXISTS (
    SELECT FROM "Price" WHERE "Price"."provider" = dated."provider" AND "Price"."model" = dated."model"
      AND "Price"."serviceTier" = dated."serviceTier" AND "Price"."regionClass" = dated."regionClass"
      AND "Price"."validFrom" = dated."begins"
  ) AS "exists"
FROM dated LEFT JOIN added ON true
