-- Notes of calls whose answer was lost what is known of their usage, and what the provider said; of those that were cancelled the deadline is over.
-- $1: [{id, isCancelled, usageMetadata?, inputTokens?, cachedTokens?, outputTokens?, thoughtTokens?,
--       providerMessage?, providerWords?}], each id once. No rows.
UPDATE "UsageLog" AS call SET
  "usageMetadata" = coalesce(lost."usageMetadata", call."usageMetadata"),
  "inputTokens" = coalesce(lost."inputTokens", call."inputTokens"),
  "cachedTokens" = coalesce(lost."cachedTokens", call."cachedTokens"),
  "outputTokens" = coalesce(lost."outputTokens", call."outputTokens"),
  "thoughtTokens" = coalesce(lost."thoughtTokens", call."thoughtTokens"),
  "providerMessage" = coalesce(lost."providerMessage", call."providerMessage"),
  "providerWords" = coalesce(lost."providerWords", call."providerWords"),
  "errorCode" = CASE WHEN lost."isCancelled" THEN 'cancelled' ELSE call."errorCode" END,
  "deadlineAt" = CASE WHEN lost."isCancelled" THEN least(now(), call."deadlineAt") ELSE call."deadlineAt" END
FROM jsonb_to_recordset($1::jsonb) AS lost("id" text, "isCancelled" boolean, "usageMetadata" jsonb, "inputTokens" int,
  "cachedTokens" int, "outputTokens" int, "thoughtTokens" int, "providerMessage" text, "providerWords" jsonb)
WHERE call."id" = lost."id" AND call."status" = 'started'
