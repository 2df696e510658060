-- Moves jobs on: takes in what enters the lanes, takes note of what has started, and releases what may start. The only script that
-- takes a token; one for all of it, so that nothing can fall between two. After keys, bucket, terms, fair-order, state and lane.
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
-- An entry that is there already is not entered again.
-- Returns JSON: {
--   released: [[entry, creator, isNew (1: the creator had nothing waiting for its share)]] to be added to their queues
--   entered:  [[lane length, position (0 first), next token (text, ms), interval, tokens]] in the order of `enter`
--   nextAt:   text, ms at which something may be released without anything happening before; 0: nothing waits for a time
--   now:      text, ms
-- }

-- A command with any number of arguments, so many at once that Lua's stack holds them.
local function inParts(command, key, arguments)
  local sum = 0
  for from = 1, #arguments, 1000 do
    sum = sum + redis.call(command, key, unpack(arguments, from, math.min(from + 999, #arguments)))
  end
  return sum
end

for _, terms in ipairs(request.terms or {}) do
  local creator = creatorOf(terms[1])
  if creator.interval then setTerms(creator, terms[2], terms[3], terms[4]) end
end

for _, pause in ipairs(request.pause or {}) do
  local creator = creatorOf(pause[1])
  if creator.interval and creator.paused ~= pause[2] then change(creator, 'paused', pause[2]) end
end

for _, gone in ipairs(request.remove or {}) do
  leaveLane(creatorOf(gone[1]), gone[2])
  redis.call('ZREM', timed, gone[2] .. '|' .. gone[3] .. '|' .. gone[1])
  redis.call('ZREM', released, gone[2])
end

noteStarts(inParts('ZREM', released, request.started or {}))

local out, outScores = {}, {}
local function releaseNow(entry, id, isNew)
  outScores[#outScores + 1] = number(now)
  outScores[#outScores + 1] = entry
  out[#out + 1] = { entry, id, isNew and 1 or 0 }
end

for _, once in ipairs(request.again or {}) do releaseNow(once[1], once[2], false) end
inParts('ZADD', released, outScores)
outScores = {}

local inRelease = redis.call('ZCARD', released)
local noneTimed = redis.call('ZCARD', timed) == 0
for _, new in ipairs(request.enter or {}) do
  local id, entry, priority, notBefore = new[1], new[2], new[3], new[4]
  local interval, burst, weight, createdAt, paused = new[5], new[6], new[7], new[8], new[9]
  local creator = creatorOf(id)
  if not creator.tat then openBucket(creator, interval, burst, createdAt) end
  setTerms(creator, interval, burst, weight)
  if creator.paused ~= paused then change(creator, 'paused', paused) end
  if inRelease == 0 or not redis.call('ZSCORE', released, entry) then
    local due = entry .. '|' .. priority .. '|' .. id
    if notBefore > now then
      redis.call('ZADD', timed, 'NX', number(notBefore), due)
      if notBefore > creator.waitUntil then change(creator, 'waitUntil', notBefore) end
      noneTimed = false
    else
      -- Its time may have come while it stood there: left in both, it would be released twice.
      if not noneTimed then redis.call('ZREM', timed, due) end
      enterLane(creator, entry, priority)
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
    local entry, priority, id = string.match(member, '^([^|]*|[^|]*)|([^|]*)|(.*)$')
    enterLane(creatorOf(id), entry, tonumber(priority))
  end
end
if not noneParked then
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', parked, '-inf', number(now), 'LIMIT', 0, atOnce)) do
    creatorOf(id).isParked = true
  end
end
for _, creator in ipairs(touched) do place(creator) end

local room = depthOf(request.depthMin, starts, startsBefore) - inRelease
while room > 0 do
  local first = redis.call('ZPOPMIN', ready)
  local id, start = first[1], tonumber(first[2])
  if not id then break end
  local creator = creatorOf(id)
  creator.isReady, creator.isParked = false, false
  local entry = takeFirst(creator)
  if entry then
    releaseNow(entry, id, isNewAt(v, creator.f))
    v = startTag(v, start)
    change(creator, 'f', finishTagAfter(start, request.calls[agentOf(entry)] or 1, creator.weight))
    room = room - 1
  end
  place(creator)
end
inParts('ZADD', released, outScores)

writeCreators()
writeState()

local entered = {}
for i, new in ipairs(request.enter or {}) do
  local creator = creatorOf(new[1])
  entered[i] = {
    creator.waiting, creator.waiting > 0 and redis.call('ZRANK', laneOf(creator.id), new[2]) or -1,
    number(nextToken(creator, now)), creator.interval, tokens(creator, now),
  }
end

local nextAt = 0
for _, line in ipairs({ parked, timed }) do
  local head = tonumber(redis.call('ZRANGE', line, 0, 0, 'WITHSCORES')[2])
  if head and (nextAt == 0 or head < nextAt) then nextAt = head end
end
-- cjson writes an empty table as an object, and numbers with 14 digits: times to 0.1 ms.
return cjson.encode({ released = #out > 0 and out or nil, entered = #entered > 0 and entered or nil, nextAt = number(nextAt), now = number(now) })
