-- What waits in the lanes, and how much of it a worker could start now. Changes nothing, and costs the same however
-- much waits: of the creators that may start something, `sample` are looked at.
--
-- KEYS  as of move-6.lua: ready, parked, released, state, timed, prefix of the creators' own keys
-- ARGV[1] JSON: { sample: most creators that are looked at; agents: [agent] }
-- Returns JSON: {
--   waiting: [jobs in all lanes], in the order of `agents`
--   timed:   jobs that wait for a time
--   ready:   creators that may start a job: those in line, and those whose token has come meanwhile
--   released: jobs that were released and are not known to have started
--   releasedMs: how long the longest of them waits; 0: there is none
--   looked:  creators that were looked at
--   startable: of their jobs, those for which there is a token
--   heads:   [[entry, tokenMs]] the first job of each, and for how long there has been a token for it
-- }
local ready, parked, released, state, timed, prefix = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local request = cjson.decode(ARGV[1])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + tonumber(time[2]) / 1000

local s = redis.call('HMGET', state, 'life', 'born')
local life, born = tonumber(s[1] or '0'), tonumber(s[2] or '0')

local startable, heads, looked = 0, {}, 0
for _, creator in ipairs(redis.call('ZRANDMEMBER', ready, request.sample)) do
  local f = redis.call('HMGET', prefix .. 'creator:' .. creator, 'tat', 'interval', 'burst', 'life')
  local lane = prefix .. 'lane:' .. creator
  local head = redis.call('ZRANGE', lane, 0, 0)[1]
  local tat, interval, burst = tonumber(f[1]), tonumber(f[2]), tonumber(f[3])
  if head and interval then
    if tonumber(f[4]) ~= life then tat = math.max(tat, born + burst * interval) end
    local debt = math.max(tat, now) - now
    local tokens = math.floor((interval * burst - debt) / interval + 1e-9)
    startable = startable + math.max(0, math.min(tokens, redis.call('ZCARD', lane)))
    heads[#heads + 1] = { head, math.max(0, now - tat - interval * (1 - burst)) }
  end
  looked = looked + 1
end

local oldest = tonumber(redis.call('ZRANGE', released, 0, 0, 'WITHSCORES')[2])

local waiting = {}
for i, agent in ipairs(request.agents) do
  waiting[i] = tonumber(redis.call('HGET', state, 'waiting:' .. agent) or '0')
end

return cjson.encode({
  waiting = #waiting > 0 and waiting or nil,
  timed = redis.call('ZCARD', timed),
  ready = redis.call('ZCARD', ready) + redis.call('ZCOUNT', parked, '-inf', string.format('%.17g', now)),
  released = redis.call('ZCARD', released),
  releasedMs = oldest and math.max(0, now - oldest) or 0,
  looked = looked,
  startable = startable,
  heads = #heads > 0 and heads or nil,
})
