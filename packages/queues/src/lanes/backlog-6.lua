-- What waits in the lanes, and how much of it a worker could start now. Changes nothing, and costs the same however
-- much waits: of the creators that may start something, `sample` are looked at. After keys and bucket.
--
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
local s = redis.call('HMGET', state, 'life', 'born')
local life, born = tonumber(s[1] or '0'), tonumber(s[2] or '0')

local startable, heads, looked = 0, {}, 0
for _, creator in ipairs(redis.call('ZRANDMEMBER', ready, request.sample)) do
  local f = redis.call('HMGET', keyOf(creator), 'tat', 'interval', 'burst', 'life')
  local lane = laneOf(creator)
  local head = redis.call('ZRANGE', lane, 0, 0)[1]
  local bucket = { tat = tonumber(f[1]), interval = tonumber(f[2]), burst = tonumber(f[3]) }
  if head and bucket.interval then
    if tonumber(f[4]) ~= life then bucket.tat = doubtedTat(bucket.tat, bucket.interval, bucket.burst, born) end
    startable = startable + math.min(tokens(bucket, now), redis.call('ZCARD', lane))
    heads[#heads + 1] = { head, math.max(0, now - tokenSince(bucket)) }
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
  ready = redis.call('ZCARD', ready) + redis.call('ZCOUNT', parked, '-inf', number(now)),
  released = redis.call('ZCARD', released),
  releasedMs = oldest and math.max(0, now - oldest) or 0,
  looked = looked,
  startable = startable,
  heads = #heads > 0 and heads or nil,
})
