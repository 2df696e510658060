-- What becomes of a bucket when its terms change. Needs bucket.lua's tables, and nothing of Redis.

-- Tokens that were used stay used, however long each takes now. Nobody waits for more of them than empty the new bucket, but the
-- others count again when it grows: so changes to and fro, of a plan or by whoever knows the old terms yet, never make more tokens
-- than the larger of the buckets has.
-- Returns tat, owed and since under the new terms.
local function underTerms(bucket, interval, burst, now)
  local used = math.max(0, (bucket.tat - now) / bucket.interval + bucket.owed)
  local since = bucket.since
  -- Emptied then, however large it may have been: it has no more than has come since.
  -- These stay so many, however long each takes now.
  if since then
    local come = (now - since) / bucket.interval
    used = math.max(used, burst - come)
    since = now - come * interval
  end
  local debt = math.min(used, burst)
  return now + debt * interval, used - debt, since
end
