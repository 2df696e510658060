-- Takes a token of a creator's bucket (GCRA), as a worker does that checks again at every pick.
--
-- KEYS[1] the bucket: its theoretical arrival time (ms)
-- ARGV[1] ms a token
-- ARGV[2] burst
-- Returns 0 when it took one, else in how many ms the next is there.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + tonumber(time[2]) / 1000
local interval = tonumber(ARGV[1])
local arrival = math.max(now, tonumber(redis.call('GET', KEYS[1]) or '0'))
local wait = arrival + interval * (1 - tonumber(ARGV[2])) - now
if wait > 0 then return math.ceil(wait) end
redis.call('SET', KEYS[1], string.format('%.17g', arrival + interval))
return 0
