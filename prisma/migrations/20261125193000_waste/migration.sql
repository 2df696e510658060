-- What caching saved and thinking took is summed by day as well: over a month it can't be worked out call by call in
-- the time that a page has.
ALTER TABLE "DailyUsage"
  ADD COLUMN "cacheSavedUsd" DECIMAL(24,12) NOT NULL DEFAULT 0,
  ADD COLUMN "thoughtsUsd" DECIMAL(24,12) NOT NULL DEFAULT 0;

-- What the cached part of a prompt would have cost more, had it not been cached; of audio the rates of text.
CREATE FUNCTION understudy_cache_saved_usd(price "Price", "inputTokens" int, "cachedTokens" int) RETURNS numeric
  LANGUAGE sql IMMUTABLE AS $$
  SELECT "cachedTokens" * CASE WHEN "inputTokens" > price."longContextAbove" THEN price."longInputUsd" - price."longCachedUsd"
    ELSE price."inputUsd" - price."cachedUsd" END / 1000000
$$;

-- What thoughts cost: they are billed as output.
CREATE FUNCTION understudy_thoughts_usd(price "Price", "inputTokens" int, "thoughtTokens" int) RETURNS numeric
  LANGUAGE sql IMMUTABLE AS $$
  SELECT "thoughtTokens" * CASE WHEN "inputTokens" > price."longContextAbove" THEN price."longOutputUsd"
    ELSE price."outputUsd" END / 1000000
$$;

CREATE OR REPLACE FUNCTION understudy_roll_up() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  sign int := TG_ARGV[0]::int;
BEGIN
  INSERT INTO "DailyUsage" AS daily ("day", "creatorId", "agentId", "model", "feature", "calls", "inputTokens", "cachedTokens",
    "outputTokens", "thoughtTokens", "costUsd", "unknownUsd", "cacheSavedUsd", "thoughtsUsd")
  SELECT ("startedAt" AT TIME ZONE 'UTC')::date AS "day", "creatorId", "agentId", changed."model", "feature", sign * count(*),
    sign * sum("inputTokens"), sign * sum("cachedTokens"), sign * sum("outputTokens"), sign * sum("thoughtTokens"),
    sign * coalesce(sum("costUsd"), 0), sign * coalesce(sum("holdUsd") FILTER (WHERE "status" = 'unknown'), 0),
    sign * sum(understudy_cache_saved_usd(price, "inputTokens", "cachedTokens")),
    sign * sum(understudy_thoughts_usd(price, "inputTokens", "thoughtTokens"))
  FROM changed JOIN "Price" AS price ON price."id" = changed."priceId"
  WHERE "status" <> 'started'
  GROUP BY "day", "creatorId", "agentId", changed."model", "feature"
  ORDER BY "creatorId", "day", "agentId", changed."model", "feature"
  ON CONFLICT ("creatorId", "day", "agentId", "model", "feature") DO UPDATE SET
    "calls" = daily."calls" + excluded."calls",
    "inputTokens" = daily."inputTokens" + excluded."inputTokens",
    "cachedTokens" = daily."cachedTokens" + excluded."cachedTokens",
    "outputTokens" = daily."outputTokens" + excluded."outputTokens",
    "thoughtTokens" = daily."thoughtTokens" + excluded."thoughtTokens",
    "costUsd" = daily."costUsd" + excluded."costUsd",
    "unknownUsd" = daily."unknownUsd" + excluded."unknownUsd",
    "cacheSavedUsd" = daily."cacheSavedUsd" + excluded."cacheSavedUsd",
    "thoughtsUsd" = daily."thoughtsUsd" + excluded."thoughtsUsd";
  RETURN NULL;
END $$;

UPDATE "DailyUsage" AS daily SET "cacheSavedUsd" = summed."cacheSavedUsd", "thoughtsUsd" = summed."thoughtsUsd"
FROM (
  SELECT ("startedAt" AT TIME ZONE 'UTC')::date AS "day", "creatorId", "agentId", call."model", "feature",
    sum(understudy_cache_saved_usd(price, "inputTokens", "cachedTokens")) AS "cacheSavedUsd",
    sum(understudy_thoughts_usd(price, "inputTokens", "thoughtTokens")) AS "thoughtsUsd"
  FROM "UsageLog" AS call JOIN "Price" AS price ON price."id" = call."priceId"
  WHERE "status" <> 'started'
  GROUP BY 1, 2, 3, 4, 5
) AS summed
WHERE (daily."creatorId", daily."day", daily."agentId", daily."model", daily."feature")
  = (summed."creatorId", summed."day", summed."agentId", summed."model", summed."feature");

-- Calls that asked a step again, few among many: cost-waste.sql looks for them over whole months.
CREATE INDEX "UsageLog_called_again" ON "UsageLog" ("startedAt") WHERE "attempt" > 1 OR "stepKey" LIKE '%:repair';
