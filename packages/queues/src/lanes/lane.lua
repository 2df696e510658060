-- Creators with their buckets and lanes, as a script moves them on: each is read once (`creatorOf`), changed in its table, and what
-- has changed is written at the end (`writeCreators`), since what a command costs is its call. Where one stands is written by
-- `place`: in `ready`, `parked` or nowhere.

-- 32 days. Who waits for a time waits in Postgres until it is at most 30 days ahead; a bucket that takes longer to fill counts as
-- full when nothing of its creator came for so long.
local keptMsMax = 32 * 24 * 3600 * 1000

local creators, touched = {}, {}
local noneParked = redis.call('ZCARD', parked) == 0

local function change(creator, field, value)
  creator[field] = value
  creator.changes[field] = true
end

local function creatorOf(id)
  local creator = creators[id]
  if creator then return creator end
  local f = redis.call('HMGET', keyOf(id), 'tat', 'interval', 'burst', 'weight', 'f', 'paused', 'owed', 'since', 'life',
    'waitUntil')
  creator = {
    id = id, changes = {},
    tat = tonumber(f[1]), interval = tonumber(f[2]), burst = tonumber(f[3]), weight = tonumber(f[4]),
    f = tonumber(f[5] or '0'), paused = tonumber(f[6] or '0'), owed = tonumber(f[7] or '0'),
    since = tonumber(f[8]), life = tonumber(f[9]), waitUntil = tonumber(f[10] or '0'),
    waiting = redis.call('ZCARD', laneOf(id)),
    -- Where it stands; nil: not known.
    isReady = nil, isParked = nil,
  }
  if noneParked then creator.isParked = false end
  creator.waitingBefore = creator.waiting
  if creator.interval and creator.life ~= life then
    change(creator, 'tat', doubtedTat(creator.tat, creator.interval, creator.burst, born))
    change(creator, 'since', born)
    change(creator, 'life', life)
  end
  creators[id] = creator
  touched[#touched + 1] = creator
  return creator
end

-- Gives a creator that has no bucket yet one.
local function openBucket(creator, interval, burst, createdAt)
  local tat, since = missingTat(interval, burst, createdAt, born)
  change(creator, 'life', life)
  change(creator, 'tat', tat)
  if since then change(creator, 'since', since) end
end

local function setTerms(creator, interval, burst, weight)
  if creator.interval == interval and creator.burst == burst and creator.weight == weight then return end
  if creator.tat and creator.interval then
    local tat, owed, since = underTerms(creator, interval, burst, now)
    change(creator, 'tat', tat)
    change(creator, 'owed', owed)
    if since then change(creator, 'since', since) end
  end
  change(creator, 'interval', interval)
  change(creator, 'burst', burst)
  change(creator, 'weight', weight)
end

local function enterLane(creator, entry, priority)
  -- 53 bits: priority (at most 2^21), then order of arrival.
  seq = seq + 1
  local score = number(priority * 4294967296 + seq % 4294967296)
  local added = redis.call('ZADD', laneOf(creator.id), 'NX', score, entry)
  creator.waiting = creator.waiting + added
  countWaiting(entry, added)
end

-- Takes an entry out of the lane: the one that is named, where it stands there.
local function leaveLane(creator, entry)
  local removed = redis.call('ZREM', laneOf(creator.id), entry)
  creator.waiting = creator.waiting - removed
  countWaiting(entry, 0 - removed)
end

-- Takes the first entry out of the lane, for a token. Returns nil where there is none, or no token.
local function takeFirst(creator)
  local mayStart = creator.waiting > 0 and creator.paused == 0 and nextToken(creator, now) <= now
  local entry = mayStart and redis.call('ZPOPMIN', laneOf(creator.id))[1]
  if not entry then return nil end
  creator.waiting = creator.waiting - 1
  countWaiting(entry, -1)
  change(creator, 'tat', takenTat(creator, now))
  return entry
end

-- Puts a creator where it belongs: ready, parked, or nowhere.
local function place(creator)
  local id = creator.id
  local mayStart = creator.interval and creator.waiting > 0 and creator.paused == 0
  if mayStart and nextToken(creator, now) <= now then
    if creator.isParked ~= false then redis.call('ZREM', parked, id) end
    -- Whoever is ready already keeps its place in line.
    if not creator.isReady then redis.call('ZADD', ready, 'NX', number(startTag(v, creator.f)), id) end
    creator.isReady, creator.isParked = true, false
    return
  end
  if creator.isReady ~= false then redis.call('ZREM', ready, id) end
  if mayStart then
    redis.call('ZADD', parked, number(nextToken(creator, now)), id)
  elseif creator.isParked ~= false then
    redis.call('ZREM', parked, id)
  end
  creator.isReady, creator.isParked = false, mayStart and true or false
end

local function writeCreators()
  for _, creator in ipairs(touched) do
    local key, values = keyOf(creator.id), {}
    for field in pairs(creator.changes) do
      values[#values + 1] = field
      values[#values + 1] = number(creator[field])
    end
    if #values > 0 then redis.call('HSET', key, unpack(values)) end
    if creator.waiting == 0 and creator.interval then
      -- Forgotten a while after its bucket is full, and after the last that waits for a time has come: by then one that
      -- is missing counts as full, too.
      local fullAt = math.max(doubtedTat(creator.tat, creator.interval, creator.burst, born), creator.waitUntil)
      redis.call('PEXPIRE', key, math.ceil(math.min(math.max(0, fullAt - now) + 60000, keptMsMax)))
    elseif creator.waitingBefore == 0 and creator.waiting > 0 then
      redis.call('PERSIST', key)
    end
  end
end
