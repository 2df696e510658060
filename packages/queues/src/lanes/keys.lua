-- What every script of the lanes begins with: its keys, its request, and the time.
--
-- All lies in one slot of a Redis Cluster: the hash tag `{lanes}`. ARGV[1] is the request as JSON; each script's header tells of it.
-- KEYS[1] ready   sorted set: creators that may start a job, by start tag
-- KEYS[2] parked  sorted set: creators without a token, by the time of their next one (ms)
-- KEYS[3] released sorted set: entries released and not known to have started, by the time of their release (ms)
-- KEYS[4] state   hash: v (virtual time), seq (order of arrival), run (id of this run of Redis), life (how many runs
--                 there were), born (ms, when this run was first used),
--                 second, starts, startsBefore (how many jobs started in this second, and in the one before),
--                 waiting:<agent> (entries of it in all lanes)
-- KEYS[5] timed   sorted set: "<entry>|<priority>|<creator>" that must not start before a time, by that time (ms)
-- KEYS[6] prefix of the creators' own keys, which can't be named before
--   <prefix>lane:<creator>   sorted set: its entries, by priority, then order of arrival
--   <prefix>creator:<creator> hash: its bucket (bucket.lua), weight, f (finish tag), paused, life (of Redis that the others are
--                            true in), waitUntil (ms: the latest time before which something of it in `timed` must not start)
-- An entry is "<delivery id>|<agent>".
local ready, parked, released, state, timed, prefix = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local request = cjson.decode(ARGV[1])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + tonumber(time[2]) / 1000

-- A number as text that loses nothing; Lua's own has 14 digits.
local function number(value) return string.format('%.17g', value) end
local function laneOf(creator) return prefix .. 'lane:' .. creator end
local function keyOf(creator) return prefix .. 'creator:' .. creator end
