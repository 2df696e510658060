-- Moves jobs on: takes in what enters the lanes, takes note of what has started, and releases what may start.
-- Atomic, since everything lies in one slot of a Redis Cluster; and the only script that takes a token.
--
-- KEYS[1] ready   sorted set: creators that may start a job, by start tag
-- KEYS[2] parked  sorted set: creators without a token, by the time of their next one (ms)
-- KEYS[3] released sorted set: entries released and not known to have started, by the time of their release (ms)
-- KEYS[4] state   hash: v (virtual time), seq (order of arrival), run (id of this run of Redis), life (how many runs
--                 there were), born (ms, when this run was first used),
--                 second, starts, startsBefore (how many jobs started in this second, and in the one before),
--                 waiting:<agent> (entries of it in all lanes)
-- KEYS[5] timed   sorted set: "<entry>|<priority>|<creator>" that must not start before a time, by that time (ms)
-- KEYS[6] prefix of the creators' own keys, which can't be named before: all keys begin with one hash tag.
--   <prefix>lane:<creator>   sorted set: its entries, by priority, then order of arrival
--   <prefix>creator:<creator> hash: tat (ms, theoretical arrival time of the token bucket), interval (ms a token),
--                            burst, weight, f (finish tag), paused, owed (tokens that were used in a larger bucket
--                            and that the one in force is too small to owe), since (ms: it was emptied then,
--                            however large it may have been), life (of Redis that the others are true in)
--
-- ARGV[1] JSON: {
--   enter:   [[creator, entry, priority, notBefore (ms, 0: none), interval, burst, weight, createdAt (ms), paused (0, 1)]]
--   terms:   [[creator, interval, burst, weight]] changed terms of creators that have a lane
--   started: [entry]
--   remove:  [[creator, entry, priority]]
--   pause:   [[creator, paused (0 or 1)]]
--   calls:   {agent: calls that a job of it is expected to make}
--   depthMin: most entries that may be released and not started, at least
-- }
-- An entry is "<delivery id>|<agent>"; an entry that is there already is not entered again.
-- Returns JSON: {
--   released: [[entry, creator, isNew (1: the creator had nothing waiting for its share)]] to be added to their queues
--   entered:  [[lane length, position (0 first), next token (text, ms), interval, tokens]] in the order of `enter`
--   nextAt:   text, ms at which something may be released without anything happening before; 0: nothing waits for a time
--   now:      text, ms
-- }
local ready, parked, released, state, timed, prefix = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local request = cjson.decode(ARGV[1])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + tonumber(time[2]) / 1000

local function number(text) return string.format('%.17g', text) end
local function laneOf(creator) return prefix .. 'lane:' .. creator end
local function keyOf(creator) return prefix .. 'creator:' .. creator end
local function stateNumber(field) return tonumber(redis.call('HGET', state, field) or '0') end

-- Redis may restart without the last that it was told, or another take its place: no bucket of before is believed.
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') or ''
if redis.call('HGET', state, 'run') ~= run then
  redis.call('HINCRBY', state, 'life', 1)
  redis.call('HSET', state, 'run', run, 'born', number(now))
end
local v, born, life = stateNumber('v'), stateNumber('born'), stateNumber('life')

local function bucketOf(creator)
  local f = redis.call('HMGET', keyOf(creator), 'tat', 'interval', 'burst', 'weight', 'f', 'paused', 'owed', 'since', 'life')
  local bucket = {
    tat = tonumber(f[1]), interval = tonumber(f[2]), burst = tonumber(f[3]), weight = tonumber(f[4]),
    f = tonumber(f[5] or '0'), paused = f[6] == '1', owed = tonumber(f[7] or '0'),
    since = tonumber(f[8]),
  }
  if bucket.interval and tonumber(f[9]) ~= life then
    bucket.tat, bucket.since = math.max(bucket.tat, born + bucket.burst * bucket.interval), born
    redis.call('HSET', keyOf(creator), 'tat', number(bucket.tat), 'since', number(born), 'life', life)
  end
  return bucket
end

-- The bucket is GCRA: a token is there when taking it moves the arrival time no further than `burst` ahead.
local function nextToken(bucket) return math.max(bucket.tat, now) + bucket.interval * (1 - bucket.burst) end
local function tokens(bucket)
  return math.max(0, math.floor((bucket.interval * bucket.burst - (math.max(bucket.tat, now) - now)) / bucket.interval + 1e-9))
end

-- Puts a creator where it belongs: ready, parked, or nowhere.
local function place(creator)
  local bucket = bucketOf(creator)
  redis.call('ZREM', parked, creator)
  local waits = redis.call('EXISTS', laneOf(creator)) == 1
  if not waits and bucket.interval then
    -- Forgotten a while after its bucket is full: by then one that is missing counts as full, too.
    local fullAt = math.max(bucket.tat or 0, born + bucket.burst * bucket.interval)
    redis.call('PEXPIRE', keyOf(creator), math.ceil(math.min(math.max(0, fullAt - now) + 60000, 1e12)))
  end
  if bucket.paused or not waits then
    redis.call('ZREM', ready, creator)
  elseif nextToken(bucket) > now then
    redis.call('ZREM', ready, creator)
    redis.call('ZADD', parked, number(nextToken(bucket)), creator)
  else
    -- Whoever is ready already keeps its place in line.
    redis.call('ZADD', ready, 'NX', number(math.max(v, bucket.f)), creator)
  end
end

local function setTerms(creator, interval, burst, weight)
  local key = keyOf(creator)
  local bucket = bucketOf(creator)
  if bucket.interval == interval and bucket.burst == burst and bucket.weight == weight then return false end
  redis.call('HSET', key, 'interval', number(interval), 'burst', number(burst), 'weight', number(weight))
  -- Tokens that were used stay used, however long each takes now. Nobody waits for more of them than empty the new
  -- bucket, but the others count again when it grows: so changes to and fro, of a plan or by whoever knows the old
  -- terms yet, never make more tokens than the larger of the buckets has.
  if bucket.tat and bucket.interval then
    local used = math.max(0, (bucket.tat - now) / bucket.interval + bucket.owed)
    -- Emptied then, however large it may have been: it has no more than has come since.
    -- These stay so many, however long each takes now.
    if bucket.since then
      local come = (now - bucket.since) / bucket.interval
      used = math.max(used, burst - come)
      redis.call('HSET', key, 'since', number(now - come * interval))
    end
    local debt = math.min(used, burst)
    redis.call('HSET', key, 'tat', number(now + debt * interval), 'owed', number(used - debt))
  end
  return true
end

local function agentOf(entry) return string.match(entry, '|(.*)$') end
local function count(entry, change) redis.call('HINCRBY', state, 'waiting:' .. agentOf(entry), change) end

local function intoLane(creator, entry, priority)
  -- 53 bits: priority (at most 2^21), then order of arrival.
  local seq = redis.call('HINCRBY', state, 'seq', 1) % 4294967296
  count(entry, redis.call('ZADD', laneOf(creator), 'NX', number(priority * 4294967296 + seq), entry))
  redis.call('PERSIST', keyOf(creator))
end

for _, change in ipairs(request.terms or {}) do
  if redis.call('EXISTS', keyOf(change[1])) == 1 and setTerms(change[1], change[2], change[3], change[4]) then place(change[1]) end
end

for _, change in ipairs(request.pause or {}) do
  if redis.call('EXISTS', keyOf(change[1])) == 1 then
    redis.call('HSET', keyOf(change[1]), 'paused', change[2])
    place(change[1])
  end
end

for _, gone in ipairs(request.remove or {}) do
  count(gone[2], 0 - redis.call('ZREM', laneOf(gone[1]), gone[2]))
  redis.call('ZREM', timed, gone[2] .. '|' .. gone[3] .. '|' .. gone[1])
  redis.call('ZREM', released, gone[2])
  place(gone[1])
end

local startedNow = 0
for _, entry in ipairs(request.started or {}) do
  startedNow = startedNow + redis.call('ZREM', released, entry)
end
local second = math.floor(now / 1000)
local before = stateNumber('second')
if second ~= before then
  redis.call('HSET', state, 'second', second, 'startsBefore', before == second - 1 and stateNumber('starts') or 0, 'starts', 0)
end
local starts = redis.call('HINCRBY', state, 'starts', startedNow)

for _, new in ipairs(request.enter or {}) do
  local creator, entry, priority, notBefore = new[1], new[2], new[3], new[4]
  local key = keyOf(creator)
  if redis.call('HEXISTS', key, 'tat') == 0 then
    -- A bucket that is missing counts as emptied when this run began; that of a newer creator is full.
    redis.call('HSET', key, 'life', life)
    if new[8] > born then
      redis.call('HSET', key, 'tat', '0')
    else
      redis.call('HSET', key, 'tat', number(born + new[5] * new[6]), 'since', number(born))
    end
  end
  setTerms(creator, new[5], new[6], new[7])
  redis.call('HSET', key, 'paused', new[9])
  if not redis.call('ZSCORE', released, entry) then
    local due = entry .. '|' .. priority .. '|' .. creator
    if notBefore > now then
      redis.call('ZADD', timed, 'NX', number(notBefore), due)
    else
      -- Its time may have come while it stood there: left in both, it would be released twice.
      redis.call('ZREM', timed, due)
      intoLane(creator, entry, priority)
    end
  end
  place(creator)
end

-- What waited for a time goes into its lane, and creators whose token has come get in line: so many at once
-- that a script stays short; the rest follow with the next one.
local atOnce = 200
for _, due in ipairs(redis.call('ZRANGEBYSCORE', timed, '-inf', number(now), 'LIMIT', 0, atOnce)) do
  local entry, priority, creator = string.match(due, '^([^|]*|[^|]*)|([^|]*)|(.*)$')
  redis.call('ZREM', timed, due)
  intoLane(creator, entry, tonumber(priority))
  place(creator)
end
for _, creator in ipairs(redis.call('ZRANGEBYSCORE', parked, '-inf', number(now), 'LIMIT', 0, atOnce)) do
  place(creator)
end

-- Start-time fair queueing: the smallest start tag goes first; a release costs its creator the calls that the
-- job is expected to make, divided by the creator's weight.
local depth = math.max(request.depthMin, math.ceil(math.max(starts, stateNumber('startsBefore')) * 0.02))
local room = depth - redis.call('ZCARD', released)
local out = {}
while room > 0 do
  local first = redis.call('ZRANGE', ready, 0, 0, 'WITHSCORES')
  local creator, start = first[1], tonumber(first[2])
  if not creator then break end
  local bucket = bucketOf(creator)
  if nextToken(bucket) > now then
    place(creator)
  else
    local entry = redis.call('ZPOPMIN', laneOf(creator))[1]
    if entry then
      local calls = request.calls[agentOf(entry)] or 1
      count(entry, -1)
      local isNew = bucket.f <= v
      v = math.max(v, start)
      redis.call('HSET', keyOf(creator), 'tat', number(math.max(bucket.tat, now) + bucket.interval),
        'f', number(start + calls / bucket.weight))
      redis.call('ZADD', released, number(now), entry)
      out[#out + 1] = { entry, creator, isNew and 1 or 0 }
      room = room - 1
    end
    redis.call('ZREM', ready, creator)
    place(creator)
  end
end
redis.call('HSET', state, 'v', number(v))

local entered = {}
for i, new in ipairs(request.enter or {}) do
  local bucket = bucketOf(new[1])
  entered[i] = {
    redis.call('ZCARD', laneOf(new[1])), redis.call('ZRANK', laneOf(new[1]), new[2]) or -1,
    number(nextToken(bucket)), bucket.interval, tokens(bucket),
  }
end

local nextAt = 0
for _, line in ipairs({ parked, timed }) do
  local head = tonumber(redis.call('ZRANGE', line, 0, 0, 'WITHSCORES')[2])
  if head and (nextAt == 0 or head < nextAt) then nextAt = head end
end
-- cjson writes an empty table as an object, and numbers with 14 digits: times to 0.1 ms.
return cjson.encode({ released = #out > 0 and out or nil, entered = #entered > 0 and entered or nil, nextAt = number(nextAt), now = number(now) })
