-- Lets no call of a model go for a while. Never shortens a longer pause. (After model-state.lua.)
--
-- Each pause in a row, with no answer since the one before, is twice as long. What comes while the model is paused
-- tells of calls that were under way, and nothing new.
--
-- KEYS[1] state  see model-state.lua
-- ARGV[3] pauseMs     as it was asked for: never shorter
-- ARGV[4] pauseMsMax  of pauses that were doubled
-- Returns {1 where the pause is longer now, else 0, news…}
local pauseMs, limited = tonumber(ARGV[3]), model.limited
if model.pausedUntil <= now then
  limited = limited + 1
  pauseMs = math.max(pauseMs, math.min(tonumber(ARGV[4]), pauseMs * 2 ^ (limited - 1)))
end
local pausedUntil = now + pauseMs
if pausedUntil <= model.pausedUntil then return { 0, news() } end
set({ pausedUntil = pausedUntil, limited = limited, testedUntil = 0 })
announce()
return { 1, news() }
