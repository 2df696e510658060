-- Notes how an admitted call ended: gives back what it did not use of the limits, works the breaker, and ends a row of pauses.
-- (After model-state.lua.)
--
-- The breaker opens when, since the first failure of a while, enough calls of all workers have failed and no more
-- were answered; it stays open for a random part of a time that doubles with each opening in a row (full jitter),
-- then lets one probe through, whose answer closes it and whose failure opens it anew.
--
-- KEYS[1] state   see model-state.lua
-- KEYS[2] window  see admit-call-2.lua
-- ARGV[3] outcome      "answered", "refused" (by a model that is well), "failed", "unsent" (nothing left this machine), or
--                      "unjudged" (says nothing of the model)
-- ARGV[4] probe        as it was admitted; 0: it was none
-- ARGV[5] bucket       as it was admitted; 0: nothing was reserved
-- ARGV[6] requestsBack reserved and not used
-- ARGV[7] tokensBack   the same
-- ARGV[8] random       0 to 1 (Redis' own is the same in every run of a script)
-- ARGV[9] failedMin    fewest failures that open it
-- ARGV[10] watchMs     how long a while is
-- ARGV[11] openMsFirst longest first opening
-- ARGV[12] openMsMax   longest opening
-- Returns {"" | "opened" | "closed", ms it stays open, news…}
local window = KEYS[2]
local outcome, probe, bucket = ARGV[3], tonumber(ARGV[4]), ARGV[5]

local function giveBack(kind, amount)
  local field = bucket .. ':' .. kind
  -- A bucket that has left the window is gone for good.
  if amount > 0 and redis.call('HEXISTS', window, field) == 1 then redis.call('HINCRBY', window, field, -amount) end
end
giveBack('r', tonumber(ARGV[6]))
giveBack('t', tonumber(ARGV[7]))

if outcome == 'answered' and model.limited > 0 then
  set({ limited = 0, testedUntil = 0 })
  announce()
end
local isWell = outcome == 'answered' or outcome == 'refused'

local function open(opens)
  local longest = math.min(tonumber(ARGV[12]), tonumber(ARGV[11]) * 2 ^ (opens - 1))
  -- Not less than an eighth: a breaker that closes at once spares nobody anything.
  local openMs = math.floor(math.max(longest / 8, tonumber(ARGV[8]) * longest))
  set({ opens = opens, openUntil = now + openMs, probeUntil = 0, watchedUntil = 0, failed = 0, answered = 0 })
  announce()
  return { 'opened', openMs, news() }
end

local isProbe = probe > 0 and probe == model.opens
if outcome == 'failed' then
  if isProbe then return open(model.opens + 1) end
  if model.opens == 0 then
    if model.watchedUntil <= now then
      set({ watchedUntil = now + tonumber(ARGV[10]), failed = 1, answered = 0 })
      announce()
    else
      set({ failed = model.failed + 1 })
    end
    if model.failed >= tonumber(ARGV[9]) and model.failed >= model.answered then return open(1) end
  end
elseif isProbe then
  if isWell then
    set({ opens = 0, openUntil = 0, probeUntil = 0 })
    announce()
    return { 'closed', 0, news() }
  end
  set({ probeUntil = 0 })
elseif isWell and model.opens == 0 and model.watchedUntil > now then
  set({ answered = model.answered + 1 })
end
return { '', 0, news() }
