-- What all workers know of one model. Stands before each script of this folder; they share its keys and its first
-- two arguments. Both keys have one hash tag, `{model-<name>}`, so a model lies in one slot of a Redis Cluster.
--
-- KEYS[1] state  hash; a field that is missing counts as 0:
--                pausedUntil   ms since 1970, by the clock of Redis: a 429 asked for no call before that
--                watchedUntil  ms: until then answered calls are reported as well, to be weighed against failed ones
--                failed, answered  calls that ended while it is watched
--                opens         how often in a row the breaker has opened; 0: it is closed
--                openUntil     ms: then one call is let through as a probe
--                probeUntil    ms: a probe is under way; past this it counts as lost, and another may go
-- ARGV[1] channel on which changes are announced, as "<model> <version> <pausedMs> <opens> <watchedMs>"
-- ARGV[2] the model's name
--
-- `news()` ends every reply: version (µs since 1970: the newer of two is the larger), pausedMs, opens, watchedMs.
-- Times are told as ms from now, so that no worker's clock matters.
local state = KEYS[1]
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local version = tonumber(time[1]) * 1000000 + tonumber(time[2])

local fields = { 'pausedUntil', 'watchedUntil', 'failed', 'answered', 'opens', 'openUntil', 'probeUntil' }
local model = {}
for index, value in ipairs(redis.call('HMGET', state, unpack(fields))) do
  model[fields[index]] = tonumber(value or '0')
end

local function news()
  return version, math.max(0, model.pausedUntil - now), model.opens, math.max(0, model.watchedUntil - now)
end

-- Writes fields down. What nobody has touched for an hour past its pause is forgotten.
local function set(changes)
  for field, value in pairs(changes) do
    model[field] = value
    redis.call('HSET', state, field, string.format('%.0f', value))
  end
  redis.call('PEXPIRE', state, math.max(0, model.pausedUntil - now) + 3600000)
end

local function announce()
  redis.call('PUBLISH', ARGV[1], string.format('%s %.0f %.0f %.0f %.0f', ARGV[2], news()))
end
