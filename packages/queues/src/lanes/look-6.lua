-- A creator's bucket and lane, and where one of its jobs stands. Changes nothing, takes no token. After keys and bucket.
--
-- ARGV[1] JSON: { creator, entry, interval, burst, createdAt (ms): the terms, and what a bucket that is missing goes by }
-- Returns { waiting, position (nil: it does not stand in the lane), tokens, next token (text, ms), now (text, ms) }
local s = redis.call('HMGET', state, 'born', 'life')
-- Where nothing has moved yet, this run of Redis begins now.
local born = tonumber(s[1]) or now
local f = redis.call('HMGET', keyOf(request.creator), 'tat', 'life')
local bucket = { tat = tonumber(f[1]), interval = request.interval, burst = request.burst }
if not bucket.tat then
  bucket.tat = missingTat(bucket.interval, bucket.burst, request.createdAt, born)
elseif f[2] ~= s[2] then
  bucket.tat = doubtedTat(bucket.tat, bucket.interval, bucket.burst, born)
end
local lane = laneOf(request.creator)
return {
  redis.call('ZCARD', lane), redis.call('ZRANK', lane, request.entry), tokens(bucket, now),
  number(nextToken(bucket, now)), number(now),
}
