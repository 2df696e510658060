-- Lets no call of a model go for a while. Never shortens a longer pause. (After model-state.lua.)
--
-- KEYS[1] state  see model-state.lua
-- ARGV[3] pauseMs
-- Returns {1 where the pause is longer now, else 0, news…}
local pausedUntil = now + tonumber(ARGV[3])
if pausedUntil <= model.pausedUntil then return { 0, news() } end
set({ pausedUntil = pausedUntil })
announce()
return { 1, news() }
