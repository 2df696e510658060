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
--                            however large it may have been), life (of Redis that the others are true in), waitUntil
--                            (ms: the latest time before which something of it in `timed` must not start)
--
-- ARGV[1] JSON: {
--   enter:   [[creator, entry, priority, notBefore (ms, 0: none), interval, burst, weight, createdAt (ms), paused (0, 1)]]
--   again:   [[entry, creator]] that have taken their token before: released at once, past their lane
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

-- A command with any number of arguments, so many at once that Lua's stack holds them.
local function inParts(command, key, arguments)
  local sum = 0
  for from = 1, #arguments, 1000 do
    sum = sum + redis.call(command, key, unpack(arguments, from, math.min(from + 999, #arguments)))
  end
  return sum
end

-- 32 days. Who waits for a time waits in Postgres until it is at most 30 days ahead; a bucket that takes longer to fill counts as
-- full when nothing of its creator came for so long.
local keptMsMax = 32 * 24 * 3600 * 1000

-- What a command costs is its call: state and buckets are read once, kept in tables, and what has changed of them is
-- written at the end.
local s = redis.call('HMGET', state, 'run', 'life', 'born', 'v', 'seq', 'second', 'starts', 'startsBefore')
local run, life, born, v = s[1], tonumber(s[2] or '0'), tonumber(s[3] or '0'), tonumber(s[4] or '0')
local seq, starts, startsBefore = tonumber(s[5] or '0'), tonumber(s[7] or '0'), tonumber(s[8] or '0')
local stateChanges = {}
local function changeState(field, value)
  stateChanges[#stateChanges + 1] = field
  stateChanges[#stateChanges + 1] = number(value)
end

-- Redis may restart without the last that it was told, or another take its place: no bucket of before is believed.
local runNow = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') or ''
if run ~= runNow then
  life, born = life + 1, now
  redis.call('HSET', state, 'run', runNow, 'life', number(life), 'born', number(born))
end

local buckets, touched = {}, {}
local noneParked = redis.call('ZCARD', parked) == 0

local function change(bucket, field, value)
  bucket[field] = value
  bucket.changes[field] = true
end

local function bucketOf(creator)
  local bucket = buckets[creator]
  if bucket then return bucket end
  local f = redis.call('HMGET', keyOf(creator), 'tat', 'interval', 'burst', 'weight', 'f', 'paused', 'owed', 'since',
    'life', 'waitUntil')
  bucket = {
    creator = creator, changes = {},
    tat = tonumber(f[1]), interval = tonumber(f[2]), burst = tonumber(f[3]), weight = tonumber(f[4]),
    f = tonumber(f[5] or '0'), paused = tonumber(f[6] or '0'), owed = tonumber(f[7] or '0'),
    since = tonumber(f[8]), life = tonumber(f[9]), waitUntil = tonumber(f[10] or '0'),
    waiting = redis.call('ZCARD', laneOf(creator)),
    -- Where it stands; nil: not known.
    isReady = nil, isParked = nil,
  }
  if noneParked then bucket.isParked = false end
  bucket.waitingBefore = bucket.waiting
  if bucket.interval and bucket.life ~= life then
    change(bucket, 'tat', math.max(bucket.tat, born + bucket.burst * bucket.interval))
    change(bucket, 'since', born)
    change(bucket, 'life', life)
  end
  buckets[creator] = bucket
  touched[#touched + 1] = bucket
  return bucket
end

-- The bucket is GCRA: a token is there when taking it moves the arrival time no further than `burst` ahead.
local function nextToken(bucket) return math.max(bucket.tat, now) + bucket.interval * (1 - bucket.burst) end
local function tokens(bucket)
  return math.max(0, math.floor((bucket.interval * bucket.burst - (math.max(bucket.tat, now) - now)) / bucket.interval + 1e-9))
end

-- Puts a creator where it belongs: ready, parked, or nowhere.
local function place(bucket)
  local creator = bucket.creator
  local mayStart = bucket.interval and bucket.waiting > 0 and bucket.paused == 0
  if mayStart and nextToken(bucket) <= now then
    if bucket.isParked ~= false then redis.call('ZREM', parked, creator) end
    -- Whoever is ready already keeps its place in line.
    if not bucket.isReady then redis.call('ZADD', ready, 'NX', number(math.max(v, bucket.f)), creator) end
    bucket.isReady, bucket.isParked = true, false
    return
  end
  if bucket.isReady ~= false then redis.call('ZREM', ready, creator) end
  if mayStart then
    redis.call('ZADD', parked, number(nextToken(bucket)), creator)
  elseif bucket.isParked ~= false then
    redis.call('ZREM', parked, creator)
  end
  bucket.isReady, bucket.isParked = false, mayStart and true or false
end

local function setTerms(bucket, interval, burst, weight)
  if bucket.interval == interval and bucket.burst == burst and bucket.weight == weight then return end
  local intervalBefore = bucket.interval
  change(bucket, 'interval', interval)
  change(bucket, 'burst', burst)
  change(bucket, 'weight', weight)
  -- Tokens that were used stay used, however long each takes now. Nobody waits for more of them than empty the new
  -- bucket, but the others count again when it grows: so changes to and fro, of a plan or by whoever knows the old
  -- terms yet, never make more tokens than the larger of the buckets has.
  if bucket.tat and intervalBefore then
    local used = math.max(0, (bucket.tat - now) / intervalBefore + bucket.owed)
    -- Emptied then, however large it may have been: it has no more than has come since.
    -- These stay so many, however long each takes now.
    if bucket.since then
      local come = (now - bucket.since) / intervalBefore
      used = math.max(used, burst - come)
      change(bucket, 'since', now - come * interval)
    end
    local debt = math.min(used, burst)
    change(bucket, 'tat', now + debt * interval)
    change(bucket, 'owed', used - debt)
  end
end

local function agentOf(entry) return string.match(entry, '|(.*)$') end
local waitingChanges = {}
local function count(entry, number)
  local field = 'waiting:' .. agentOf(entry)
  waitingChanges[field] = (waitingChanges[field] or 0) + number
end

local function intoLane(bucket, entry, priority)
  -- 53 bits: priority (at most 2^21), then order of arrival.
  seq = seq + 1
  local added = redis.call('ZADD', laneOf(bucket.creator), 'NX', number(priority * 4294967296 + seq % 4294967296), entry)
  bucket.waiting = bucket.waiting + added
  count(entry, added)
end

for _, terms in ipairs(request.terms or {}) do
  local bucket = bucketOf(terms[1])
  if bucket.interval then setTerms(bucket, terms[2], terms[3], terms[4]) end
end

for _, pause in ipairs(request.pause or {}) do
  local bucket = bucketOf(pause[1])
  if bucket.interval and bucket.paused ~= pause[2] then change(bucket, 'paused', pause[2]) end
end

for _, gone in ipairs(request.remove or {}) do
  local bucket = bucketOf(gone[1])
  local removed = redis.call('ZREM', laneOf(gone[1]), gone[2])
  bucket.waiting = bucket.waiting - removed
  count(gone[2], 0 - removed)
  redis.call('ZREM', timed, gone[2] .. '|' .. gone[3] .. '|' .. gone[1])
  redis.call('ZREM', released, gone[2])
end

local startedNow = inParts('ZREM', released, request.started or {})
local second = math.floor(now / 1000)
local before = tonumber(s[6] or '0')
if second ~= before then
  startsBefore = before == second - 1 and starts or 0
  starts = 0
  changeState('second', second)
  changeState('startsBefore', startsBefore)
end
if second ~= before or startedNow > 0 then
  starts = starts + startedNow
  changeState('starts', starts)
end

local out, outScores = {}, {}
for _, once in ipairs(request.again or {}) do
  outScores[#outScores + 1] = number(now)
  outScores[#outScores + 1] = once[1]
  out[#out + 1] = { once[1], once[2], 0 }
end
inParts('ZADD', released, outScores)
outScores = {}

local inRelease = redis.call('ZCARD', released)
local noneTimed = redis.call('ZCARD', timed) == 0
for _, new in ipairs(request.enter or {}) do
  local creator, entry, priority, notBefore = new[1], new[2], new[3], new[4]
  local bucket = bucketOf(creator)
  if not bucket.tat then
    -- A bucket that is missing counts as emptied when this run began; that of a newer creator is full.
    change(bucket, 'life', life)
    if new[8] > born then
      change(bucket, 'tat', 0)
    else
      change(bucket, 'tat', born + new[5] * new[6])
      change(bucket, 'since', born)
    end
  end
  setTerms(bucket, new[5], new[6], new[7])
  if bucket.paused ~= new[9] then change(bucket, 'paused', new[9]) end
  if inRelease == 0 or not redis.call('ZSCORE', released, entry) then
    local due = entry .. '|' .. priority .. '|' .. creator
    if notBefore > now then
      redis.call('ZADD', timed, 'NX', number(notBefore), due)
      if notBefore > bucket.waitUntil then change(bucket, 'waitUntil', notBefore) end
      noneTimed = false
    else
      -- Its time may have come while it stood there: left in both, it would be released twice.
      if not noneTimed then redis.call('ZREM', timed, due) end
      intoLane(bucket, entry, priority)
    end
  end
end

-- What waited for a time goes into its lane, and creators whose token has come get in line: so many at once
-- that a script stays short; the rest follow with the next one.
local atOnce = 200
if not noneTimed then
  local due = redis.call('ZRANGEBYSCORE', timed, '-inf', number(now), 'LIMIT', 0, atOnce)
  inParts('ZREM', timed, due)
  for _, member in ipairs(due) do
    local entry, priority, creator = string.match(member, '^([^|]*|[^|]*)|([^|]*)|(.*)$')
    intoLane(bucketOf(creator), entry, tonumber(priority))
  end
end
if not noneParked then
  for _, creator in ipairs(redis.call('ZRANGEBYSCORE', parked, '-inf', number(now), 'LIMIT', 0, atOnce)) do
    bucketOf(creator).isParked = true
  end
end
for _, bucket in ipairs(touched) do place(bucket) end

-- Start-time fair queueing: the smallest start tag goes first; a release costs its creator the calls that the
-- job is expected to make, divided by the creator's weight.
local depth = math.max(request.depthMin, math.ceil(math.max(starts, startsBefore) * 0.02))
local room = depth - inRelease
local vBefore = v
while room > 0 do
  local first = redis.call('ZPOPMIN', ready)
  local creator, start = first[1], tonumber(first[2])
  if not creator then break end
  local bucket = bucketOf(creator)
  bucket.isReady, bucket.isParked = false, false
  local entry = bucket.waiting > 0 and bucket.paused == 0 and nextToken(bucket) <= now
    and redis.call('ZPOPMIN', laneOf(creator))[1]
  if entry then
    bucket.waiting = bucket.waiting - 1
    count(entry, -1)
    local isNew = bucket.f <= v
    v = math.max(v, start)
    change(bucket, 'tat', math.max(bucket.tat, now) + bucket.interval)
    change(bucket, 'f', start + (request.calls[agentOf(entry)] or 1) / bucket.weight)
    outScores[#outScores + 1] = number(now)
    outScores[#outScores + 1] = entry
    out[#out + 1] = { entry, creator, isNew and 1 or 0 }
    room = room - 1
  end
  place(bucket)
end
inParts('ZADD', released, outScores)

for _, bucket in ipairs(touched) do
  local key, values = keyOf(bucket.creator), {}
  for field in pairs(bucket.changes) do
    values[#values + 1] = field
    values[#values + 1] = number(bucket[field])
  end
  if #values > 0 then redis.call('HSET', key, unpack(values)) end
  if bucket.waiting == 0 and bucket.interval then
    -- Forgotten a while after its bucket is full, and after the last that waits for a time has come: by then one that
    -- is missing counts as full, too.
    local fullAt = math.max(bucket.tat, born + bucket.burst * bucket.interval, bucket.waitUntil)
    redis.call('PEXPIRE', key, math.ceil(math.min(math.max(0, fullAt - now) + 60000, keptMsMax)))
  elseif bucket.waitingBefore == 0 and bucket.waiting > 0 then
    redis.call('PERSIST', key)
  end
end

for field, number in pairs(waitingChanges) do
  if number ~= 0 then redis.call('HINCRBY', state, field, number) end
end
if v ~= vBefore then changeState('v', v) end
if seq ~= tonumber(s[5] or '0') then changeState('seq', seq) end
if #stateChanges > 0 then redis.call('HSET', state, unpack(stateChanges)) end

local entered = {}
for i, new in ipairs(request.enter or {}) do
  local bucket = bucketOf(new[1])
  entered[i] = {
    bucket.waiting, bucket.waiting > 0 and redis.call('ZRANK', laneOf(new[1]), new[2]) or -1,
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
