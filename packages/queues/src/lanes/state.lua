-- What all lanes share, in the hash `state`: read once, kept in these variables, and written by `writeState` where it has changed.
local s = redis.call('HMGET', state, 'run', 'life', 'born', 'v', 'seq', 'second', 'starts', 'startsBefore')
local run, life, born, v = s[1], tonumber(s[2] or '0'), tonumber(s[3] or '0'), tonumber(s[4] or '0')
local seq, second = tonumber(s[5] or '0'), tonumber(s[6] or '0')
local starts, startsBefore = tonumber(s[7] or '0'), tonumber(s[8] or '0')
local vRead, seqRead = v, seq
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

-- Notes that so many jobs have started now.
local function noteStarts(count)
  local secondNow = math.floor(now / 1000)
  if secondNow ~= second then
    startsBefore = second == secondNow - 1 and starts or 0
    starts = 0
    changeState('second', secondNow)
    changeState('startsBefore', startsBefore)
  end
  if secondNow ~= second or count > 0 then
    starts = starts + count
    changeState('starts', starts)
  end
end

-- Entries by agent that have come into the lanes, less those that have left them.
local waitingChanges = {}
local function agentOf(entry) return string.match(entry, '|(.*)$') end
local function countWaiting(entry, change)
  local field = 'waiting:' .. agentOf(entry)
  waitingChanges[field] = (waitingChanges[field] or 0) + change
end

local function writeState()
  for field, change in pairs(waitingChanges) do
    if change ~= 0 then redis.call('HINCRBY', state, field, change) end
  end
  if v ~= vRead then changeState('v', v) end
  if seq ~= seqRead then changeState('seq', seq) end
  if #stateChanges > 0 then redis.call('HSET', state, unpack(stateChanges)) end
end
