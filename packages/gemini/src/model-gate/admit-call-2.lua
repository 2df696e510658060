-- Lets a call go, and reserves its place in the model's limits; or says how long to wait. (After model-state.lua.)
--
-- The limits are a sliding window of buckets: a call is admitted where the buckets of the window and the current one
-- together stay within the limit, so no window of that length anywhere can hold more. Against a token bucket it
-- allows the whole limit at once, as Gemini does, and yet never twice the limit in one window; against a log of all
-- calls its size does not grow with the limit. One bucket more than the window has is counted, since a call reaches
-- Gemini a little after it was admitted.
--
-- KEYS[1] state   see model-state.lua
-- KEYS[2] window  hash: <bucket>:r requests and <bucket>:t tokens that were admitted in that bucket;
--                 tail: ms since 1970 for which the last one that has to wait was told to come
-- ARGV[3] requestsMax  in a window; 0: no limit
-- ARGV[4] tokensMax    in a window; 0: no limit
-- ARGV[5] tokens       to be reserved, tokensMax at most
-- ARGV[6] bucketMs     length of a bucket
-- ARGV[7] buckets      that are counted, the current one among them
-- ARGV[8] probeMs      how long a probe, or a call that goes alone after pauses in a row, may take before another goes
-- ARGV[9] waitMsMax    longest wait told for the limits
-- Returns {"go", 0, bucket (0: nothing is reserved), probe (0: it is none), news…}
--      or {"paused" | "breaker" | "rate", ms to wait, 0, 0, news…}
local window = KEYS[2]
local requestsMax, tokensMax, tokens = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local bucketMs, buckets = tonumber(ARGV[6]), tonumber(ARGV[7])

if model.pausedUntil > now then return { 'paused', model.pausedUntil - now, 0, 0, news() } end
if goesAlone() and model.testedUntil > now then
  -- As with a probe.
  return { 'paused', math.ceil((model.testedUntil - now) / 2), 0, 0, news() }
end
if model.opens > 0 then
  if model.openUntil > now then return { 'breaker', model.openUntil - now, 0, 0, news() } end
  -- Half open: the rest hear how the probe went, and come back when most probes have ended.
  if model.probeUntil > now then return { 'breaker', math.ceil((model.probeUntil - now) / 2), 0, 0, news() } end
end

local bucket = 0
if requestsMax > 0 or tokensMax > 0 then
  bucket = math.floor(now / bucketMs)
  local held, order, requestsHeld, tokensHeld, tail = {}, {}, 0, 0, 0
  local entries = redis.call('HGETALL', window)
  for index = 1, #entries, 2 do
    local number, kind = string.match(entries[index], '^(%d+):(%a)$')
    local amount = tonumber(entries[index + 1])
    number = tonumber(number)
    if not number then
      tail = amount
    elseif number <= bucket - buckets then
      redis.call('HDEL', window, entries[index])
    else
      if not held[number] then
        held[number] = { r = 0, t = 0 }
        order[#order + 1] = number
      end
      held[number][kind] = amount
      if kind == 'r' then requestsHeld = requestsHeld + amount else tokensHeld = tokensHeld + amount end
    end
  end

  local function fits()
    return (requestsMax == 0 or requestsHeld + 1 <= requestsMax)
      and (tokensMax == 0 or tokensHeld + tokens <= tokensMax)
  end
  if not fits() then
    -- When enough buckets will have left the window.
    table.sort(order)
    local fitsAt = now
    for _, number in ipairs(order) do
      requestsHeld, tokensHeld = requestsHeld - held[number].r, tokensHeld - held[number].t
      fitsAt = (number + buckets) * bucketMs
      if fits() then break end
    end
    -- One after the other, at the pace of the limits: should all come then, all but the first would come in vain.
    local pace = 0
    if requestsMax > 0 then pace = bucketMs * buckets / requestsMax end
    if tokensMax > 0 then pace = math.max(pace, bucketMs * buckets * tokens / tokensMax) end
    local comeAt = math.ceil(math.max(fitsAt, tail + pace))
    local comeAtMax = now + tonumber(ARGV[9])
    if comeAt > comeAtMax then
      comeAt = math.max(fitsAt, comeAtMax)
    else
      redis.call('HSET', window, 'tail', string.format('%.0f', comeAt))
      redis.call('PEXPIRE', window, math.max(2 * bucketMs * buckets, comeAt - now))
    end
    return { 'rate', comeAt - now, 0, 0, news() }
  end
  redis.call('HINCRBY', window, bucket .. ':r', 1)
  if tokens > 0 then redis.call('HINCRBY', window, bucket .. ':t', tokens) end
  local tailMs = math.max(0, tail - now)
  redis.call('PEXPIRE', window, math.ceil(math.max(2 * bucketMs * buckets, tailMs)))
end

if goesAlone() then set({ testedUntil = now + tonumber(ARGV[8]) }) end
if model.opens > 0 then set({ probeUntil = now + tonumber(ARGV[8]) }) end
return { 'go', 0, bucket, model.opens, news() }
