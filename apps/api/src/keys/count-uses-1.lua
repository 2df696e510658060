-- Counts requests that a process has let through against the bucket that all processes share (GCRA), by the clock of
-- Redis. Refuses nothing: what several processes let through at once beyond the burst has to be waited for afterwards.
-- KEYS[1] when the bucket is full again, in ms since 1970; missing: it is full
-- ARGV[1] requests
-- ARGV[2] ms in which one token comes back, a fraction too
-- Returns in how many ms it is full again now, as text.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + tonumber(time[2]) / 1000
local fullAt = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now) + tonumber(ARGV[1]) * tonumber(ARGV[2])
redis.call('SET', KEYS[1], string.format('%.3f', fullAt), 'PX', math.ceil(fullAt - now) + 1000)
return string.format('%.3f', fullAt - now)
