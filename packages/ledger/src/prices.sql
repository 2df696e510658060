-- All prices that there are. Takes nothing. Rows: those of Price; amounts are text.
SELECT "id", "provider", "model", "serviceTier", "regionClass", "validFrom", "inputUsd"::text, "outputUsd"::text,
  "cachedUsd"::text, "audioInputUsd"::text, "audioCachedUsd"::text, "longContextAbove", "longInputUsd"::text,
  "longOutputUsd"::text, "longCachedUsd"::text, "source"
FROM "Price"
