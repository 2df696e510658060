-- What all workers know of one model. Stands before each script of this folder; they share its keys and its first
-- two arguments. Both keys have one hash tag, `{model-<name>}`, so a model lies in one slot of a Redis Cluster.
--
-- KEYS[1] state  hash; a field that is missing counts as 0:
--                pausedUntil   ms since 1970, by the clock of Redis: a 429 asked for no call before that
--                limited       pauses in a row that a 429 brought about, without an answer since
--                testedUntil   ms: after such pauses one call has gone alone; past this another may
--                watchedUntil  ms: until then answered calls are weighed against failed ones
--                failed, answered  calls that ended while it is watched
--                opens         how often in a row the breaker has opened; 0: it is closed
--                openUntil     ms: then one call is let through as a probe
--                probeUntil    ms: a probe is under way; past this it counts as lost, and another may go
-- ARGV[1] channel on which changes are announced, as "<model> <version> <pausedMs> <opens> <watchedMs>"
-- ARGV[2] the model's name
--
-- `news()` ends every reply: version (µs since 1970: the newer of two is the larger), pausedMs, opens (1 at least after
-- pauses in a row: calls have to ask), watchedMs (how long answered calls are to be reported as well).
-- Times are told as ms from now, so that no worker's clock matters.
local state = KEYS[1]
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local version = tonumber(time[1]) * 1000000 + tonumber(time[2])

local fields = { 'pausedUntil', 'limited', 'testedUntil', 'watchedUntil', 'failed', 'answered', 'opens', 'openUntil', 'probeUntil' }
local model = {}
for index, value in ipairs(redis.call('HMGET', state, unpack(fields))) do
  model[fields[index]] = tonumber(value or '0')
end

-- What nobody has touched for so long past its pause is forgotten.
local keptMs = 3600000

-- After the second pause in a row one call goes alone: a used-up account would have each job that waits write a row.
local function goesAlone()
  return model.limited > 1
end

local function news()
  local pausedMs = math.max(0, model.pausedUntil - now)
  local watchedMs = math.max(0, model.watchedUntil - now)
  if model.limited > 0 then watchedMs = math.max(watchedMs, pausedMs + keptMs) end
  return version, pausedMs, math.max(model.opens, goesAlone() and 1 or 0), watchedMs
end

-- Writes fields down.
local function set(changes)
  for field, value in pairs(changes) do
    model[field] = value
    redis.call('HSET', state, field, string.format('%.0f', value))
  end
  redis.call('PEXPIRE', state, math.max(0, model.pausedUntil - now) + keptMs)
end

local function announce()
  redis.call('PUBLISH', ARGV[1], string.format('%s %.0f %.0f %.0f %.0f', ARGV[2], news()))
end
